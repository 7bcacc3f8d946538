"""What may stand in a gallery's file: its tables, its facts and its rows. Other people's files are not trusted."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple
from functools import wraps
from pathlib import Path

import numpy as np

from faceline.core.errors import FacelineError, InputError
from faceline.pipeline.gallery_rows import QUALITY_COLUMNS, PhotoRow, name_fault
from faceline.pipeline.gallery_schema import SUMS_FORMAT

MAX_FILE_NAME = 4096
MAX_TIME = 64
MAX_DIM = 65_536
MAX_PHOTOS = 10**9  # of a person
_STORED = np.dtype("<f4")
_FACTS = {"key", "value"}
_PEOPLE = ("people", {"name", "total", "photos", "updated"})
_PHOTOS = ("photos", {"id", "name", "photo", "embedding", "photos", "enrolled", *QUALITY_COLUMNS})
_REFUSALS = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_READONLY": "the file, its folder or the file system is read-only",
    "SQLITE_CANTOPEN": "cannot be opened, or nothing can be written beside it",
    "SQLITE_IOERR": "cannot be read or written",
    "SQLITE_BUSY": "another process has held it for a minute",
    "SQLITE_PERM": "no permission",
}


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns SQLite's errors into one line each.

    Raises:
        FacelineError: the system refuses: a full disk, a read-only file system.
        InputError: the file is no gallery, or damaged.
    """
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        for start, reason in _REFUSALS.items():
            if name.startswith(start):
                raise FacelineError(f"{path}: {reason} ({error})") from None
        raise InputError(f"{path}: not a faceline gallery, or damaged ({error})") from None


def explains(method: Callable) -> Callable:
    """`explained` round a method of an object that knows its `path`."""

    @wraps(method)
    def explaining(self: object, *arguments: object, **options: object) -> object:
        with explained(self.path):
            return method(self, *arguments, **options)

    return explaining


def checked_facts(database: sqlite3.Connection, path: Path) -> Mapping[str, str]:
    """The facts of a gallery: format, model, dim.

    Raises:
        InputError: its tables are not a gallery's, or something stands there that none has: a view or a trigger runs
            whatever its author wrote.
    """
    for kind, name, text in database.execute("SELECT type, name, sql FROM sqlite_master"):
        if kind not in ("table", "index") or str(text).upper().startswith("CREATE VIRTUAL"):
            raise InputError(f"{path}: not a faceline gallery: it holds a {kind}, {str(name)[:80]!r}")
    facts = dict(database.execute("SELECT key, value FROM facts LIMIT 100"))
    form = facts.get("format")
    for table, wanted in (("facts", _FACTS), _PEOPLE if form == SUMS_FORMAT else _PHOTOS):
        found = {name for _, name, *_, hidden in database.execute(f"PRAGMA table_xinfo({table})") if not hidden}
        if not wanted <= found:
            raise InputError(
                f"{path}: not a faceline gallery: table {table} lacks {', '.join(sorted(wanted - found))}"
            )
    missing = [key for key in ("format", "model", "dim") if not isinstance(facts.get(key), str)]
    if missing:
        raise InputError(f"{path}: a damaged gallery: the fact {missing[0]} is missing or no text")
    if not (facts["dim"].isdecimal() and len(facts["dim"]) <= 5 and 1 <= int(facts["dim"]) <= MAX_DIM):
        raise InputError(f"{path}: a damaged gallery: dim is {facts['dim'][:40]!r}, expected 1 to {MAX_DIM}")
    return facts


def checked_person(path: Path, name: object, photos: object, updated: object) -> tuple[str, int, str]:
    """A person's name, number of photos and time, where they are such."""
    fault = name_fault(name) if isinstance(name, str) else "is no text"
    if fault:
        raise InputError(f"{path}: a damaged gallery: the name {str(name)[:80]!r}: {fault}")
    if not isinstance(photos, int) or not 1 <= photos <= MAX_PHOTOS:
        raise InputError(f"{path}: a damaged gallery: {name} has {str(photos)[:40]} photos")
    if not _is_line(updated, MAX_TIME):
        raise InputError(f"{path}: a damaged gallery: {name}: {str(updated)[:40]!r} is no time")
    return name, photos, updated


def check_embedding(path: Path, name: object, photos: object, embedding: object, dim: int) -> None:
    """Makes sure that bytes are the sum of so many unit vectors of `dim` float32 numbers."""
    checked_person(path, name, photos, "")
    if not isinstance(embedding, bytes) or len(embedding) != dim * _STORED.itemsize:
        raise InputError(f"{path}: a damaged gallery: an embedding of {name} has not {dim} numbers")
    if not is_sum_of_units(np.frombuffer(embedding, _STORED), photos):
        raise InputError(f"{path}: a damaged gallery: an embedding of {name} is not the sum of {photos} unit vectors")


def check_row(path: Path, row: PhotoRow, dim: int) -> None:
    """Makes sure that all of a row is such: the name, the file, the time, the embedding, the quality."""
    checked_person(path, row.name, row.photos, row.enrolled)
    if not _is_line(row.photo, MAX_FILE_NAME):
        raise InputError(f"{path}: a damaged gallery: {row.name}: {str(row.photo)[:80]!r} is no file's name")
    vector = np.asarray(row.embedding, np.float64)
    if vector.shape != (dim,) or not is_sum_of_units(vector, row.photos):
        raise InputError(
            f"{path}: a damaged gallery: an embedding of {row.name} is not the sum of {row.photos} unit vectors"
        )
    numbers = () if row.quality is None else astuple(row.quality)
    if not all(isinstance(one, int | float) and np.isfinite(one) for one in numbers):
        raise InputError(f"{path}: a damaged gallery: {row.name}: the quality of {row.photo} holds no numbers")


def is_sum_of_units(vector: np.ndarray, photos: int) -> bool:
    """Whether a vector is finite, not zero, and no longer than so many unit vectors together."""
    length = float(np.linalg.norm(vector.astype(np.float64)))
    return 0 < length <= photos * 1.001 + 1e-3


def _is_line(value: object, most: int) -> bool:
    return isinstance(value, str) and len(value) <= most and value.isprintable()
