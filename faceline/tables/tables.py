"""Parquet and CSV files of faces: the columns that a table must have, their types, and what may stand in them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from faceline.core.columns import ATTRIBUTES, BOX_COLUMNS, CSV_OPTIONS, IMAGE_ID, PERSON, POINT_COLUMNS, ROLES
from faceline.core.errors import InputError
from faceline.core.files import check_file, parse_json, read_text

METADATA_KEY = b"faceline"
MAX_FILE_BYTES = 2**40  # tables are read a column or a row group at a time
MAX_PX = 1e6  # no photo is as large
SPLITS = ("", "train", "val", "test", "dev")

_is_number = pa.types.is_floating, pa.types.is_integer
_TYPES: dict[str, tuple[Callable[[pa.DataType], bool], ...]] = {
    "text": (pa.types.is_string, pa.types.is_large_string),
    "whole numbers": (pa.types.is_integer,),
    "numbers": _is_number,
    "true or false": (pa.types.is_boolean,),
    "bytes": (pa.types.is_binary,),
    "vectors of numbers": (lambda kind: pa.types.is_fixed_size_list(kind) and pa.types.is_float32(kind.value_type),),
}
# the types of the columns that tables of faces share; a person has a number, or a name in landmark sets
_SHARED = {
    IMAGE_ID: "text",
    "role": "text",
    "split": "text",
    "status": "text",
    "reason": "text",
    **dict.fromkeys([*BOX_COLUMNS, *POINT_COLUMNS], "numbers"),
    **dict.fromkeys(ATTRIBUTES, "whole numbers"),
}
_WORDS = {"role": ("", *ROLES), "split": SPLITS}


def open_parquet(path: Path, required: Mapping[str, str], hint: str) -> pq.ParquetFile:
    """Opens a Parquet file that has the required columns, by the types of `_TYPES`, and other columns as it likes.

    Raises:
        InputError: the file is missing, damaged or no Parquet; a column is missing, there twice or of another type.
    """
    check_file(path, hint, MAX_FILE_BYTES)
    try:
        file = pq.ParquetFile(path)
        schema = file.schema_arrow
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as Parquet ({_short(error)}); {hint}") from None
    names = schema.names
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{path}: has the column {name} twice; {hint}")
    for name, kind in ({name: kind for name, kind in _SHARED.items() if name in names} | dict(required)).items():
        if name not in names:
            raise InputError(f"{path}: lacks the column {name} (it has {', '.join(names)[:200]}); {hint}")
        found = schema.field(name).type
        if not any(test(found) for test in _TYPES[kind]):
            raise InputError(f"{path}: column {name}: expected {kind}, found {found}; {hint}")
    return file


def read_columns(file: pq.ParquetFile, path: Path, names: Collection[str], hint: str) -> pa.Table:
    """Some columns, checked: names that are file names and no one twice, roles, splits and attributes as they are.

    Raises:
        InputError: the file is damaged, or a value is none that may stand there.
    """
    try:
        table = file.read(columns=list(names)).replace_schema_metadata(None)
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{path}: damaged ({_short(error)}); {hint}") from None
    check_rows(table, path, hint)
    return table


def read_faces_csv(path: Path, required: Collection[str], hint: str) -> pd.DataFrame:
    """A CSV table of faces: names and words as text, attributes as nullable integers; the shared columns checked.

    Raises:
        InputError: the file is missing, no CSV, lacks a column, or has a row or a value that may not stand there.
    """
    text = read_text(path, hint)
    try:
        rows = csv.reader(io.StringIO(text), strict=True)
        header = next(rows, [])
        for row in rows:
            if row and len(row) != len(header):
                raise InputError(
                    f"{path}, line {rows.line_num}: expected {len(header)} fields, found {len(row)}; {hint}"
                )
        table = pd.read_csv(io.StringIO(text), **CSV_OPTIONS)
    except (csv.Error, ValueError, TypeError, OverflowError) as error:
        raise InputError(f"{path}: {_short(error)}; {hint}") from None
    missing = [name for name in required if name not in table]
    if missing:
        raise InputError(f"{path}: lacks the columns {', '.join(missing)[:300]}; {hint}")
    check_rows(pa.Table.from_pandas(table, preserve_index=False), path, hint)
    return table


def check_rows(table: pa.Table, path: Path, hint: str) -> None:
    """The values of the columns that tables of faces share; InputError names the first that may not stand there."""
    for name in table.column_names:
        column = table[name]
        if name in (IMAGE_ID, PERSON, *_WORDS) and column.null_count:
            raise InputError(f"{path}: column {name}: {column.null_count} values are missing; {hint}")
        wrong = None
        if name == IMAGE_ID:
            wrong = pc.match_substring_regex(column, r"[/\\\x00]|^\.{0,2}$")
        elif name in _WORDS:
            wrong = pc.invert(pc.is_in(column, pa.array(_WORDS[name], column.type)))
        elif name in ATTRIBUTES:
            wrong = pc.invert(pc.is_in(column, pa.array([0, 1, None], column.type)))
        if wrong is not None and pc.any(wrong).as_py():
            value = column.filter(wrong)[0].as_py()
            raise InputError(f"{path}: column {name}: {str(value)[:80]!r} may not stand there; {hint}")
    if IMAGE_ID in table.column_names:
        names = table[IMAGE_ID].to_pandas()
        if names.duplicated().any():
            raise InputError(f"{path}: {names[names.duplicated()].iloc[0]} stands there twice; {hint}")


def check_numbers(
    table: pd.DataFrame, names: Collection[str], path: Path, hint: str, low: float = -MAX_PX, high: float = MAX_PX
) -> None:
    """Makes sure that columns hold numbers between `low` and `high`; InputError names the row that does not."""
    values = table[list(names)].to_numpy(np.float64)
    wrong = ~((values >= low) & (values <= high))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise InputError(
            f"{path}: {table[IMAGE_ID].iloc[row]}: {list(names)[column]} is {values[row, column]:g}, expected "
            f"{low:g} to {high:g}; {hint}"
        )


def metadata_of(schema: pa.Schema, path: Path, hint: str) -> dict:
    """What a table's writer said of all of it; empty where it said nothing."""
    return parse_json((schema.metadata or {}).get(METADATA_KEY, b"{}"), f"{path}, metadata", hint)


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
