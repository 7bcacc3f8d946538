"""What may stand in a gallery's file: its tables, its facts and its rows. Other people's files are not trusted."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from faceline.core.errors import FacelineError, InputError
from faceline.galleries.rows import CONTROL, QUALITY_COLUMNS, FaceQuality, name_fault

FORMAT = "faceline gallery 2"
SUMS_FORMAT = "faceline gallery 1"  # kept a person's sum of embeddings, and no photos
STORED = np.dtype("<f4")
MAX_DIM = 65_536
MAX_PHOTOS = 10**9  # that a row stands for
MAX_FILE_NAME = 1100  # characters: 255 bytes, each written as an escape
LENGTH_ERROR = 1e-3  # of a unit vector's length

_FACTS = {"key", "value"}
_TABLES = {
    FORMAT: ("photos", {"id", "name", "photo", "embedding", "photos", "enrolled", *QUALITY_COLUMNS}),
    SUMS_FORMAT: ("people", {"name", "total", "photos", "updated"}),
}
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
    """The facts of a gallery of the present or the earlier form: format, model, dim.

    Raises:
        InputError: its tables are not a gallery's, or something stands there that none has: a view or a trigger runs
            whatever its author wrote.
    """
    for kind, name, text in database.execute("SELECT type, name, sql FROM sqlite_master"):
        if kind not in ("table", "index") or str(text).upper().startswith("CREATE VIRTUAL"):
            raise InputError(f"{path}: not a faceline gallery: it holds a {kind}, {str(name)[:80]!r}")
    _check_table(database, path, "facts", _FACTS)
    facts = dict(database.execute("SELECT key, value FROM facts LIMIT 100"))
    missing = [key for key in ("format", "model", "dim") if not isinstance(facts.get(key), str)]
    if missing:
        raise InputError(f"{path}: a damaged gallery: the fact {missing[0]} is missing or no text")
    if facts["format"] not in _TABLES:
        raise InputError(f"{path}: a gallery of the form {facts['format'][:80]!r}, expected {FORMAT!r}")
    _check_table(database, path, *_TABLES[facts["format"]])
    if not (facts["dim"].isdecimal() and len(facts["dim"]) <= 5 and 1 <= int(facts["dim"]) <= MAX_DIM):
        raise InputError(f"{path}: a damaged gallery: dim is {facts['dim'][:40]!r}, expected 1 to {MAX_DIM}")
    return facts


def _check_table(database: sqlite3.Connection, path: Path, table: str, wanted: set[str]) -> None:
    found = {name for _, name, *_, hidden in database.execute(f"PRAGMA table_xinfo({table})") if not hidden}
    if not wanted <= found:
        raise InputError(f"{path}: not a faceline gallery: table {table} lacks {', '.join(sorted(wanted - found))}")


def check_model(place: Path | str, held: str, model: str) -> None:
    """Refuses embeddings of another model than the gallery's: similarities between the two mean nothing.

    Args:
        held, model: SHA-256 of the gallery's recogniser, and of the one at hand.
    """
    if model != held:
        raise InputError(
            f"{place}: made with the recogniser {held[:12]}, not with this one ({model[:12]}); give the first with "
            "--models or --recognizer, or enroll the people again into a new gallery"
        )


def check_person(path: Path | str, name: object, photos: object, changed: object) -> None:
    """Makes sure that a row's name, number of photos and time are such."""
    if not isinstance(name, str) or name_fault(name):
        raise InputError(f"{path}: damaged: {str(name)[:80]!r} is no person's name")
    if not isinstance(photos, int) or not 1 <= photos <= MAX_PHOTOS:
        raise InputError(f"{path}: damaged: {name} has {str(photos)[:40]} photos")
    if not isinstance(changed, str) or len(changed) > 64 or not changed.isprintable():
        raise InputError(f"{path}: damaged: {name} changed at {str(changed)[:40]!r}, which is no time")


def check_file_name(path: Path | str, name: str, photo: object) -> None:
    """Makes sure that the name of a photo of `name` is one."""
    if not isinstance(photo, str) or not 0 < len(photo) <= MAX_FILE_NAME or CONTROL.search(photo):
        raise InputError(f"{path}: damaged: {str(photo)[:80]!r} is no name of a photo of {name}")


def checked_quality(path: Path | str, name: str, values: Sequence[object]) -> FaceQuality | None:
    """A row's quality, in the order of `QUALITY_COLUMNS`; None where it was not measured."""
    if None in values:
        return None
    numbers = [float(value) for value in values if isinstance(value, float | int) and math.isfinite(value)]
    if len(numbers) != len(values):
        raise InputError(f"{path}: damaged: the quality of a photo of {name} is no number")
    return FaceQuality(*numbers)


def checked_embeddings(
    path: Path, names: Sequence[str], blobs: Sequence[object], photos: Sequence[int] | np.ndarray, dim: int
) -> np.ndarray:
    """(n, dim) float32 out of n rows' bytes, whose names and numbers of photos were checked: see `check_lengths`."""
    sound: list[bytes] = []
    for name, blob in zip(names, blobs, strict=True):
        if not isinstance(blob, bytes) or len(blob) != dim * STORED.itemsize:
            raise InputError(f"{path}: damaged: an embedding of {name} has not {dim} numbers")
        sound.append(blob)
    vectors = np.frombuffer(b"".join(sound), STORED).reshape(len(sound), dim)
    check_lengths(path, names, vectors, photos)
    return vectors


def check_lengths(
    path: Path | str, names: Sequence[str], vectors: np.ndarray, photos: Sequence[int] | np.ndarray
) -> None:
    """Makes sure that each of (n, dim) vectors is finite, and the sum of so many unit vectors."""
    count = np.asarray(photos, np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))  # infinite for what is far too long
        sound = (lengths <= count * (1 + LENGTH_ERROR) + LENGTH_ERROR) & (lengths > 0)
        sound &= (count > 1) | (lengths >= 1 - LENGTH_ERROR)
    if not sound.all():
        row = int(np.argmin(sound))
        expected = "a unit vector" if photos[row] == 1 else f"the sum of {photos[row]} unit vectors"
        raise InputError(f"{path}: damaged: an embedding of {names[row]} is not {expected}")
