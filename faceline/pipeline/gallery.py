"""A gallery of enrolled people: one private SQLite file, safe to update while others read it.

A person is one row: the sum of all unit embeddings enrolled and their number, so that enrolling more photos later
gives what enrolling all at once would have given. Every change is one transaction.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import numpy as np

from faceline.core.errors import InputError

FORMAT = "faceline gallery 1"
PRIVATE = 0o600
MAX_NAME = 200
_STORED = np.dtype("<f4")
_PATIENCE_S = 60.0

_SCHEMA = """
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE people (
    name TEXT PRIMARY KEY,
    total BLOB NOT NULL,        -- sum of unit embeddings, little-endian float32
    photos INTEGER NOT NULL CHECK (photos > 0),
    updated TEXT NOT NULL       -- UTC, ISO 8601
);
"""


@dataclass(frozen=True)
class Person:
    """One row without its embedding."""

    name: str
    photos: int
    updated: str


@dataclass(frozen=True)
class References:
    """Everybody enrolled, ready for search.

    Attributes:
        names: n people.
        embeddings: (n, dim) float32 unit vectors.
    """

    names: list[str]
    embeddings: np.ndarray

    def nearest(self, embedding: np.ndarray) -> tuple[str, float]:
        """The most similar person and the cosine similarity; ("", -1.0) where nobody is enrolled."""
        if not self.names:
            return "", -1.0
        similarity = self.embeddings @ np.asarray(embedding, np.float32)
        best = int(similarity.argmax())
        return self.names[best], float(similarity[best])


class Gallery:
    """An open gallery; use as a context manager."""

    def __init__(self, path: Path) -> None:
        """Opens an existing gallery.

        Raises:
            InputError: there is none, or the file is something else.
        """
        self.path = Path(path)
        if not self.path.is_file():
            raise InputError(f"{path}: no such gallery; `faceline enroll NAME PHOTO... --gallery {path}` makes one")
        try:
            self._database = _connect(self.path)
            facts = dict(self._database.execute("SELECT key, value FROM facts"))
        except sqlite3.DatabaseError as error:
            raise InputError(f"{path}: not a faceline gallery ({error})") from None
        if facts.get("format") != FORMAT:
            raise InputError(f"{path}: a gallery of the form {facts.get('format')!r}, expected {FORMAT!r}")
        self.model = facts["model"]
        self.dim = int(facts["dim"])

    @classmethod
    def open_or_create(cls, path: Path, model: str, dim: int) -> Gallery:
        """Opens the gallery at `path` for embeddings of one model, and makes it first when it is not there.

        Args:
            model: SHA-256 of the recogniser.
            dim: numbers in an embedding.

        Raises:
            InputError: the gallery was made by another model, or cannot be made there.
        """
        path = Path(path)
        if not path.exists():
            _create(path, model, dim)
        gallery = cls(path)
        gallery.require_model(model)
        return gallery

    def require_model(self, model: str) -> None:
        """Refuses embeddings of another model: similarities between the two mean nothing."""
        if model != self.model:
            raise InputError(
                f"{self.path}: made with the recogniser {self.model[:12]}, not with this one ({model[:12]}); "
                "give the first with --models, or enroll the people again into a new gallery"
            )

    def enroll(self, people: Mapping[str, np.ndarray]) -> None:
        """Adds embeddings to people, new or known, all of them in one transaction.

        Args:
            people: name -> (n, dim) embeddings, n >= 1; each counts with length 1.

        Raises:
            InputError: a name that is none.
            ValueError: embeddings of another size, none at all, or not finite.
        """
        now = _now()
        rows = [(_checked_name(name), *self._sum(name, vectors), now) for name, vectors in people.items()]
        with self._writing() as database:
            for name, total, photos, when in rows:
                self._add(database, name, total, photos, when)

    def remove(self, names: Iterable[str]) -> None:
        """Forgets people; their numbers are overwritten in the file.

        Raises:
            InputError: somebody is not enrolled; then nobody is removed.
        """
        with self._writing() as database:
            for name in names:
                name = _normalised(name)
                if not database.execute("DELETE FROM people WHERE name = ?", (name,)).rowcount:
                    raise InputError(f"{self.path}: nobody called {name!r} is enrolled; `faceline list` names them")
        # the log beside the file still holds the removed rows: fold it in and empty it
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def people(self) -> list[Person]:
        """Everybody, by name."""
        rows = self._database.execute("SELECT name, photos, updated FROM people ORDER BY name")
        return [Person(*row) for row in rows]

    def __len__(self) -> int:
        return self._database.execute("SELECT count(*) FROM people").fetchone()[0]

    def references(self) -> References:
        """Loads everybody's mean embedding, scaled to length 1."""
        rows = self._database.execute("SELECT name, total FROM people ORDER BY name").fetchall()
        totals = np.frombuffer(b"".join(total for _, total in rows), _STORED).reshape(len(rows), self.dim)
        lengths = np.sqrt(np.einsum("nd,nd->n", totals, totals))[:, None]
        return References([name for name, _ in rows], (totals / np.maximum(lengths, 1e-12)).astype(np.float32))

    def export(self, path: Path) -> int:
        """Writes everybody to a private .npz without pickles, and says how many there are."""
        rows = self._database.execute("SELECT name, total, photos, updated FROM people ORDER BY name").fetchall()
        names, totals, photos, updated = zip(*rows, strict=True) if rows else ((), (), (), ())
        contents = {
            "format": np.array(FORMAT),
            "model": np.array(self.model),
            "names": np.array(names, dtype=np.str_),
            "totals": np.frombuffer(b"".join(totals), _STORED).reshape(len(rows), self.dim),
            "photos": np.array(photos, np.int64),
            "updated": np.array(updated, dtype=np.str_),
        }
        with _private_file(Path(path)) as temporary, temporary.open("wb") as file:
            np.savez(file, **contents)
        return len(rows)

    def import_people(self, path: Path, existing: str = "refuse") -> int:
        """Takes in what `export` wrote, in one transaction, and says how many people that were.

        Args:
            existing: what to do with somebody who is enrolled already: `refuse`, `add` the photos, or `replace`.

        Raises:
            InputError: not such a file, of another model, or people are enrolled already under `refuse`.
        """
        rows = _read_export(Path(path), self.model, self.dim)
        known = {person.name for person in self.people()} & {name for name, *_ in rows}
        if known and existing == "refuse":
            some = ", ".join(sorted(known)[:3])
            raise InputError(
                f"{path}: {len(known)} people are enrolled already ({some}); say --existing add or replace"
            )
        with self._writing() as database:
            for name, total, photos, when in rows:
                if existing == "replace":
                    database.execute("DELETE FROM people WHERE name = ?", (name,))
                self._add(database, name, total, photos, when)
        return len(rows)

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Gallery:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _sum(self, name: str, vectors: np.ndarray) -> tuple[np.ndarray, int]:
        vectors = np.asarray(vectors, np.float64)
        if vectors.ndim != 2 or vectors.shape[1] != self.dim or not len(vectors):
            raise ValueError(f"{name}: expected (n, {self.dim}) embeddings, got {vectors.shape}")
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(vectors).all() or (lengths == 0).any():
            raise ValueError(f"{name}: embeddings must be finite and not zero")
        return (vectors / lengths).sum(axis=0), len(vectors)

    def _add(self, database: sqlite3.Connection, name: str, total: np.ndarray, photos: int, when: str) -> None:
        before = database.execute("SELECT total, photos FROM people WHERE name = ?", (name,)).fetchone()
        if before is not None:
            total = total + np.frombuffer(before[0], _STORED)
            photos += before[1]
        database.execute(
            "INSERT INTO people (name, total, photos, updated) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET total = excluded.total, photos = excluded.photos, "
            "updated = excluded.updated",
            (name, total.astype(_STORED).tobytes(), photos, when),
        )

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that holds the write lock from the start, so that reading and adding cannot be split."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield self._database
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_PATIENCE_S, isolation_level=None)
    database.execute("PRAGMA secure_delete = ON")
    return database


def _create(path: Path, model: str, dim: int) -> None:
    """Makes a whole gallery under another name and gives it its own at the end: nobody ever sees half of one."""
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent} to put the gallery in")
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        temporary = Path(folder) / path.name
        temporary.touch(mode=PRIVATE)  # SQLite gives its log files the same mode
        database = _connect(temporary)
        database.executescript(_SCHEMA)
        facts = {"format": FORMAT, "model": model, "dim": str(dim)}
        database.executemany("INSERT INTO facts VALUES (?, ?)", facts.items())
        database.execute("PRAGMA journal_mode = WAL")
        database.close()
        try:
            os.link(temporary, path)  # unlike a rename it never replaces what another process made meanwhile
        except FileExistsError:
            return
        except OSError:  # a file system without links
            temporary.rename(path)


@contextmanager
def _private_file(path: Path) -> Iterator[Path]:
    """A file that only its owner may read, there whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.touch(mode=PRIVATE)
        yield temporary
        temporary.replace(path)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no folder {path.parent}") from None
    finally:
        temporary.unlink(missing_ok=True)


def exported_model(path: Path) -> tuple[str, int]:
    """The model that made an exported gallery, and the numbers in its embeddings.

    Raises:
        InputError: not an exported gallery.
    """
    contents = _load_arrays(Path(path))
    return str(contents["model"]), int(contents["totals"].shape[-1])


def _load_arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            contents = {key: file[key] for key in ("format", "model", "names", "totals", "photos", "updated")}
    except (OSError, ValueError, KeyError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: not an exported gallery ({error})") from None
    if str(contents["format"]) != FORMAT:
        raise InputError(f"{path}: expected {FORMAT!r}, found {str(contents['format'])!r}")
    return contents


def _read_export(path: Path, model: str, dim: int) -> list[tuple[str, np.ndarray, int, str]]:
    contents = _load_arrays(path)
    if str(contents["model"]) != model:
        raise InputError(
            f"{path}: made with another recogniser ({str(contents['model'])[:12]}, the gallery's is {model[:12]}); "
            "enroll the people again"
        )
    totals, photos = contents["totals"].astype(np.float64), contents["photos"]
    same = len(contents["names"]) == len(totals) == len(photos) == len(contents["updated"])
    if not same or totals.shape[1:] != (dim,) or not np.isfinite(totals).all() or (photos < 1).any():
        raise InputError(f"{path}: damaged: its arrays do not belong together")
    return [
        (_checked_name(str(name)), total, int(count), str(when))
        for name, total, count, when in zip(contents["names"], totals, photos, contents["updated"], strict=True)
    ]


def _normalised(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip()


def _checked_name(name: str) -> str:
    """A name as it is stored: one spelling for each, and nothing that would spoil a line of output."""
    clean = _normalised(name)
    if not clean or len(clean) > MAX_NAME or not clean.isprintable():
        raise InputError(f"{name!r}: a name has 1 to {MAX_NAME} printable characters")
    if clean == "unknown":
        raise InputError("unknown: this name stands for people who are not enrolled; choose another")
    return clean


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
