"""CelebA's annotation files in both forms people have them: the original .txt and Kaggle's .csv, mixed freely."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from faceline.core.errors import InputError
from faceline.core.columns import ATTRIBUTES
from faceline.core.columns import BOX_COLUMNS
from faceline.core.columns import POINT_COLUMNS

# the names that CelebA's own headers use, in the order of ours
_CELEBA_BOX = ["x_1", "y_1", "width", "height"]
_CELEBA_POINTS = [
    f"{side}_{axis}" for side in ("lefteye", "righteye", "nose", "leftmouth", "rightmouth") for axis in "xy"
]


def read_annotations(identity: Path, attributes: Path, boxes: Path, landmarks: Path) -> pd.DataFrame:
    """Reads and merges the four files into one row per photo that all of them know.

    Returns:
        Columns image_id, person, x, y, width, height (px), the ten landmark coordinates (px) and 40 attributes as
        0 / 1, sorted by image_id.

    Raises:
        InputError: a file is missing, is not of its kind, lacks a column, holds something that is no number, repeats
            a photo, or names one by a path; or the files share no photo.
    """
    tables = [
        read_identity(identity),
        read_boxes(boxes),
        read_landmarks(landmarks),
        read_attributes(attributes),
    ]
    merged = pd.concat([table.set_index(IMAGE_ID) for table in tables], axis=1, join="inner", copy=False)
    if merged.empty:
        names = ", ".join(str(path) for path in (identity, boxes, landmarks, attributes))
        raise InputError(f"{names}: no photo is named in all of them; they must come from the same data set")
    return merged.sort_index().reset_index()


def read_identity(path: Path) -> pd.DataFrame:
    """image_id, person; with or without a header line."""
    return _read(path, ["identity"], ["person"], "int32")


def read_boxes(path: Path) -> pd.DataFrame:
    """image_id, x, y, width, height in photo px."""
    return _read(path, _CELEBA_BOX, BOX_COLUMNS, "float32")


def read_landmarks(path: Path) -> pd.DataFrame:
    """image_id and five (x, y) in photo px."""
    return _read(path, _CELEBA_POINTS, POINT_COLUMNS, "float32")


def read_attributes(path: Path) -> pd.DataFrame:
    """image_id and 40 attributes, the files' -1 as 0."""
    table = _read(path, list(ATTRIBUTES), list(ATTRIBUTES), "int8")
    values = table[list(ATTRIBUTES)]
    odd = ~values.isin([-1, 0, 1]).all(axis=1)
    if odd.any():
        raise InputError(f"{path}: {table[IMAGE_ID][odd].iloc[0]}: attributes must be 1 or -1 (or 0)")
    table[list(ATTRIBUTES)] = (values > 0).astype("int8")
    return table


def _read(path: Path, source: Sequence[str], names: Sequence[str], dtype: str) -> pd.DataFrame:
    """One file as image_id and `names`, whose columns the file calls `source`."""
    separator, header, skip = _layout(path, len(source))
    columns = header if header else [IMAGE_ID, *source]
    missing = [name for name in source if name not in columns]
    if missing:
        raise InputError(f"{path}: column {missing[0]!r} is missing (its header has {', '.join(columns[1:6])}, ...)")
    try:
        table = pd.read_csv(
            path,
            sep=separator,
            skiprows=skip,
            header=None,
            names=columns,
            usecols=[IMAGE_ID, *source],
            dtype={IMAGE_ID: "str", **dict.fromkeys(source, dtype)},
            index_col=False,
            engine="c",
        )
    except (ValueError, pd.errors.ParserError) as error:
        raise InputError(f"{path}: {_faulty_row(path, separator, skip, len(columns)) or error}") from None
    if table[list(source)].isna().any(axis=None) and (fault := _faulty_row(path, separator, skip, len(columns))):
        raise InputError(f"{path}: {fault}")  # the fast reader fills a short row with NaN
    table = table[[IMAGE_ID, *source]].set_axis([IMAGE_ID, *names], axis=1)
    _check_names(path, table[IMAGE_ID])
    return table


def _layout(path: Path, values: int) -> tuple[str, list[str], int]:
    """Separator, header names (empty where the file has none) and lines to skip before the rows."""
    try:
        with path.open() as file:
            lines = [file.readline() for _ in range(3)]
    except FileNotFoundError:
        raise InputError(f"{path}: no such annotation file; data/README.md says where each comes from") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: expected a text file of annotations") from None
    if not lines[0].strip():
        raise InputError(f"{path}: the annotation file is empty")
    if "," in lines[0]:
        first = [name.strip() for name in next(csv.reader([lines[0]]))]
        has_header = IMAGE_ID in first
        return ",", first if has_header else [], int(has_header)
    if lines[0].strip().isdigit():  # CelebA's count line, then a header with or without image_id
        header = lines[1].split()
        return r"\s+", header if header[:1] == [IMAGE_ID] else [IMAGE_ID, *header], 2
    words = lines[0].split()
    if words[0] == IMAGE_ID:
        return r"\s+", words, 1
    if len(words) != values + 1:
        raise InputError(
            f"{path}: expected {values + 1} columns and no header, or CelebA's header, found {len(words)}"
        )
    return r"\s+", [], 0


def _faulty_row(path: Path, separator: str, skip: int, columns: int) -> str:
    """The first row that does not read as a name and numbers: the fast reader says only that there is one."""
    with path.open() as file:
        for number, line in enumerate(file, start=1):
            words = line.split("," if separator == "," else None)
            if number <= skip or not words:
                continue
            if len(words) != columns:
                return f"line {number}: expected {columns} columns, found {len(words)}"
            for word in words[1:]:
                try:
                    float(word)
                except ValueError:
                    return f"line {number} ({words[0]}): {word.strip()!r} is not a number"
    return ""


def _check_names(path: Path, names: pd.Series) -> None:
    paths = names.isna() | names.str.contains(r"[/\\\x00]", regex=True, na=True) | names.isin(["", ".", ".."])
    if paths.any():
        row = names[paths]
        raise InputError(
            f"{path}: {row.iloc[0]!r} (row {row.index[0] + 1}): image_id must be a file name, not a path"
        )
    if names.duplicated().any():
        raise InputError(f"{path}: {names[names.duplicated()].iloc[0]} stands there twice; keep one row")
