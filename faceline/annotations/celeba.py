"""CelebA's annotation files, read and written: the original .txt, and on reading Kaggle's .csv, mixed freely.

In memory they are one table, a row per photo: image_id, person, the box and point columns in photo px, and the forty
attributes as nullable `Int8`: 1 yes, 0 no, NA unknown. The files hold 1, -1 and, for unknown, 0.
"""

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from faceline.boxes.boxes import box_around
from faceline.core.columns import ATTRIBUTES, BOX_COLUMNS, IMAGE_ID, PERSON, POINT_COLUMNS
from faceline.core.errors import InputError
from faceline.core.files import read_text
from faceline.points.points import points_of

PARTITION = "partition"  # CelebA's own division: 0 train, 1 validation, 2 test
MAX_PX = 1_000_000  # no photo is as large
MAX_NAME = 255  # characters: longer ones name no file
_HINT = "data/README.md says where each annotation file comes from"
_SIZES = ("width", "height")
_MORE = "more than the columns"  # takes what a row has too many
MAX_HEADER = 100_000  # characters of the lines that say what the columns are


class _Kind(NamedTuple):
    """One of the files: its name, how its header calls the columns that the table has as `columns`, their type, the
    smallest and the largest number, a row's form after the photo's name (numbers never touch, however long), and the
    header where there is one."""

    file: str
    source: Sequence[str]
    columns: Sequence[str]
    dtype: str
    limits: tuple[int, int]
    form: str
    head: str | None = None


_BOX_NAMES = ["x_1", "y_1", "width", "height"]
_POINT_NAMES = [
    f"{point}_{axis}" for point in ("lefteye", "righteye", "nose", "leftmouth", "rightmouth") for axis in "xy"
]
_KINDS = {
    "identity": _Kind("identity_CelebA.txt", ["identity"], [PERSON], "int32", (0, 2**31 - 1), " %s"),
    "partition": _Kind("list_eval_partition.txt", [PARTITION], [PARTITION], "int32", (0, 2), " %s"),
    "attributes": _Kind(
        "list_attr_celeba.txt", ATTRIBUTES, ATTRIBUTES, "int8", (-1, 1), " %2s" * 40, " ".join(ATTRIBUTES) + " "
    ),
    "boxes": _Kind(
        "list_bbox_celeba.txt",
        _BOX_NAMES,
        BOX_COLUMNS,
        "float32",
        (-MAX_PX, MAX_PX),
        "  " + " %3s" * 4,
        "image_id x_1 y_1 width height",
    ),
    "landmarks": _Kind(
        "list_landmarks_celeba.txt",
        _POINT_NAMES,
        POINT_COLUMNS,
        "float32",
        (-MAX_PX, MAX_PX),
        " %4s" * 10,
        " ".join(_POINT_NAMES),
    ),
}
_FRACTIONS = {*_BOX_NAMES, *_POINT_NAMES}  # the others are whole numbers


def write_celeba(folder: Path, table: pd.DataFrame) -> dict[str, str]:
    """Writes a table as CelebA's text files; boxes and points that are not whole px go to a hundredth of one.

    A table without attributes gets a file in which all are unknown; only one with `partition` gets that file.

    Returns:
        File names by kind: identity, attributes, boxes, landmarks, and partition where there is one.
    """
    files = {}
    for name, kind in _KINDS.items():
        if kind.columns is ATTRIBUTES:
            values = table.reindex(columns=ATTRIBUTES).astype("Int8").mul(2).sub(1).fillna(0)
        elif set(kind.columns) <= set(table.columns):
            values = table[list(kind.columns)].round(2)
        else:
            continue
        lines = [] if kind.head is None else [str(len(table)), kind.head]
        rows = zip(table[IMAGE_ID], values.to_numpy("float64").tolist(), strict=True)
        lines.extend(image_id + kind.form % tuple(map(_shortest, row)) for image_id, row in rows)
        (folder / kind.file).write_text("".join(f"{line}\n" for line in lines))
        files[name] = kind.file
    return files


def _shortest(value: float) -> str:
    """As few digits as say the number: 95.0 -> `95`, 95.25 -> `95.25`."""
    return repr(value).removesuffix(".0")


def read_annotations(identity: Path, attributes: Path, boxes: Path, landmarks: Path) -> pd.DataFrame:
    """Reads and merges the four files into one row per photo that all of them know, sorted by image_id.

    Args:
        boxes: boxes, or five points, round which boxes are drawn as CelebA's convention has them (`box_around`): of
            its aligned photos there are no others.

    Raises:
        InputError: a file is missing, is not of its kind, lacks a column, holds something that is no number or none
            that may stand there, repeats a photo, or names one by a path; or the files share no photo.
    """
    paths = {"identity": identity, "boxes": boxes, "landmarks": landmarks, "attributes": attributes}
    tables = [_read(path, kind).set_index(IMAGE_ID) for kind, path in paths.items()]
    merged = pd.concat(tables, axis=1, join="inner")
    if merged.empty:
        names = ", ".join(map(str, paths.values()))
        raise InputError(f"{names}: no photo is named in all of them; they must come from the same data set")
    return merged.sort_index().reset_index()


def _read(path: Path, kind: str) -> pd.DataFrame:
    if kind != "boxes" or _POINT_NAMES[0] not in _header_words(path):
        return read_file(path, kind)
    points = read_file(path, "landmarks")
    boxes = pd.DataFrame(box_around(points_of(points)), columns=BOX_COLUMNS, dtype="float32")
    return pd.concat([points[[IMAGE_ID]], boxes], axis=1)


def _header_words(path: Path) -> list[str]:
    return re.split(r"[\s,]+", "\n".join(read_text(path, _HINT)[:MAX_HEADER].split("\n", 2)[:2]))


def read_file(path: Path, kind: str) -> pd.DataFrame:
    """One file, by kind (identity, attributes, boxes or landmarks), as image_id and the table's columns of it.

    Identity may have a header line or none. Attributes are 1, 0 for the file's -1, NA for its 0.
    """
    source, limits = list(_KINDS[kind].source), _KINDS[kind].limits
    text = read_text(path, _HINT)
    separator, header, skip = _layout(path, text, len(source))
    columns = header or [IMAGE_ID, *source]
    missing = [name for name in source if name not in columns]
    if missing:
        raise InputError(
            f"{path}: column {missing[0]!r} is missing (its header has {', '.join(columns[1:6])[:200]}, ...)"
        )
    types = dict.fromkeys([*columns, _MORE], "str") | dict.fromkeys(source, _KINDS[kind].dtype)
    try:
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused below
            table = pd.read_csv(
                io.StringIO(text),
                sep=separator,
                skiprows=skip,
                header=None,
                names=[*columns, _MORE],
                dtype=types,
                index_col=False,
                engine="c",
            )
    except (ValueError, OverflowError) as error:
        fault = _faulty_row(text, separator, skip, columns, limits)
        raise InputError(f"{path}: {fault or str(error)[:200]}") from None
    values = table[source]
    within = values.ge(limits[0]).all(axis=None) and values.le(limits[1]).all(axis=None)  # NaN is neither
    sound = within and all(values[name].ge(0).all() for name in _SIZES if name in source)
    if not sound or table[columns].isna().any(axis=None) or table[_MORE].notna().any():
        fault = _faulty_row(text, separator, skip, columns, limits)
        if fault or not sound:
            raise InputError(f"{path}: {fault or 'holds something that is no number'}")
    if skip == 2 and int(text.split(maxsplit=1)[0]) != len(table):
        raise InputError(f"{path}: its first line announces {text.split(maxsplit=1)[0]} rows, {len(table)} follow")
    names = table[IMAGE_ID]
    paths = names.isna() | names.str.contains(r"[/\\\x00-\x1f\x7f]", regex=True, na=True)
    paths |= names.isin(["", ".", ".."]) | names.str.len().gt(MAX_NAME)
    if paths.any():
        row = names[paths]
        raise InputError(
            f"{path}: {str(row.iloc[0])[:80]!r} (row {row.index[0] + 1}): image_id must be a file name, not a path"
        )
    if names.duplicated().any():
        raise InputError(f"{path}: {names[names.duplicated()].iloc[0]} stands there twice; keep one row")
    table = table[[IMAGE_ID, *source]].set_axis([IMAGE_ID, *_KINDS[kind].columns], axis=1)
    if kind != "attributes":
        return table
    values = table[list(ATTRIBUTES)]
    return pd.concat([names, values.gt(0).astype("Int8").mask(values.eq(0))], axis=1)


def _layout(path: Path, text: str, values: int) -> tuple[str, list[str], int]:
    """Separator, header names (empty where the file has none) and lines to skip before the rows."""
    lines = [*text[:MAX_HEADER].split("\n", 2), "", ""]
    if not lines[0].strip():
        raise InputError(f"{path}: the annotation file is empty")
    if "," in lines[0]:
        first = [name.strip() for name in lines[0].replace('"', "").split(",")]
        return (",", first, 1) if IMAGE_ID in first else (",", [], 0)
    if (
        lines[0].strip().isdecimal() and len(lines[0].strip()) < 20
    ):  # CelebA's count line, then a header with or without image_id
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


def _faulty_row(text: str, separator: str, skip: int, columns: Sequence[str], limits: tuple[int, int]) -> str:
    """The first row that does not read as a name and numbers: the fast reader says only that there is one."""
    for number, line in enumerate(io.StringIO(text), start=1):
        words = line.split("," if separator == "," else None)
        if number <= skip or not words:
            continue
        if len(words) != len(columns):
            return f"line {number}: expected {len(columns)} columns, found {len(words)}"
        for name, word in zip(columns[1:], words[1:], strict=True):
            try:
                value = float(word)
            except ValueError:
                return f"line {number} ({words[0][:80]}): {word.strip()[:40]!r} is not a number"
            low = 0 if name in _SIZES else limits[0]
            if not low <= value <= limits[1] or (name not in _FRACTIONS and value != int(value)):
                allowed = "1 (yes), -1 (no) or 0 (unknown)" if name in ATTRIBUTES else f"{low} to {limits[1]}"
                return f"line {number} ({words[0][:80]}): {name} is {word.strip()[:40]}, expected {allowed}"
    return ""
