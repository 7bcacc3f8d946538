"""What may stand in a gallery's file: its tables, its facts and its rows. Other people's files are not trusted."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from faceline.core.errors import FacelineError, InputError

MAX_NAME = 200
MAX_DIM = 65_536
MAX_PHOTOS = 10**9  # of a person
_STORED = np.dtype("<f4")
_COLUMNS = {"facts": {"key", "value"}, "people": {"name", "total", "photos", "updated"}}
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


def checked_facts(database: sqlite3.Connection, path: Path) -> Mapping[str, str]:
    """The facts of a gallery: format, model, dim.

    Raises:
        InputError: its tables are not a gallery's, or something stands there that none has: a view or a trigger runs
            whatever its author wrote.
    """
    for kind, name, text in database.execute("SELECT type, name, sql FROM sqlite_master"):
        if kind not in ("table", "index") or str(text).upper().startswith("CREATE VIRTUAL"):
            raise InputError(f"{path}: not a faceline gallery: it holds a {kind}, {str(name)[:80]!r}")
    for table, wanted in _COLUMNS.items():
        found = {name for _, name, *_, hidden in database.execute(f"PRAGMA table_xinfo({table})") if not hidden}
        if not wanted <= found:
            raise InputError(
                f"{path}: not a faceline gallery: table {table} lacks {', '.join(sorted(wanted - found))}"
            )
    facts = dict(database.execute("SELECT key, value FROM facts LIMIT 100"))
    missing = [key for key in ("format", "model", "dim") if not isinstance(facts.get(key), str)]
    if missing:
        raise InputError(f"{path}: a damaged gallery: the fact {missing[0]} is missing or no text")
    if not (facts["dim"].isdecimal() and len(facts["dim"]) <= 5 and 1 <= int(facts["dim"]) <= MAX_DIM):
        raise InputError(f"{path}: a damaged gallery: dim is {facts['dim'][:40]!r}, expected 1 to {MAX_DIM}")
    return facts


def check_person(path: Path, name: object, photos: object, updated: object) -> None:
    """Makes sure that a person's name, number of photos and time are such."""
    if not isinstance(name, str) or _fault(name):
        raise InputError(f"{path}: a damaged gallery: {str(name)[:80]!r} is no person's name")
    if not isinstance(photos, int) or not 1 <= photos <= MAX_PHOTOS:
        raise InputError(f"{path}: a damaged gallery: {name} has {str(photos)[:40]} photos")
    if not isinstance(updated, str) or len(updated) > 64 or not updated.isprintable():
        raise InputError(f"{path}: a damaged gallery: {name} changed at {str(updated)[:40]!r}, which is no time")


def checked_total(path: Path, name: object, total: object, photos: object, dim: int) -> np.ndarray:
    """(dim,) float32: the sum of so many unit vectors, out of its bytes."""
    check_person(path, name, photos, "")
    if not isinstance(total, bytes) or len(total) != dim * _STORED.itemsize:
        raise InputError(f"{path}: a damaged gallery: the embedding of {name} has not {dim} numbers")
    vector = np.frombuffer(total, _STORED)
    if not is_sum_of_units(vector, photos):
        raise InputError(
            f"{path}: a damaged gallery: the embedding of {name} is not the sum of {photos} unit vectors"
        )
    return vector


def is_sum_of_units(vector: np.ndarray, photos: int) -> bool:
    """Whether a vector is finite and no longer than so many unit vectors together."""
    length = float(np.linalg.norm(vector.astype(np.float64)))
    return length <= photos * 1.001 + 1e-3


def normalised(name: str) -> str:
    """One spelling of a name."""
    return unicodedata.normalize("NFC", name).strip()


def checked_name(name: str) -> str:
    """A name as it is stored: one spelling for each, and nothing that would spoil a line of output."""
    clean = normalised(name)
    if fault := _fault(clean):
        raise InputError(fault)
    return clean


def _fault(name: str) -> str:
    """Why a name is none; empty where it is one."""
    if not name or len(name) > MAX_NAME or not name.isprintable():
        return f"{name[:80]!r}: a name has 1 to {MAX_NAME} printable characters"
    if name == "unknown":
        return "unknown: this name stands for people who are not enrolled; choose another"
    return ""
