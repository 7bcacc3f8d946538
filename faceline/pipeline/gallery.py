"""A gallery of enrolled people: one private SQLite file, safe to update while others read it.

A person is one row: the sum of all unit embeddings enrolled and their number, so that enrolling more photos later
gives what enrolling all at once would have given. Every change is one transaction.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from faceline.core.errors import InputError
from faceline.core.files import check_file
from faceline.pipeline.gallery_checks import check_person, checked_facts, checked_name, checked_total, explained
from faceline.pipeline.gallery_checks import normalised as _normalised

FORMAT = "faceline gallery 1"
PRIVATE = 0o600
MAX_FILE_BYTES = 2**36
_STORED = np.dtype("<f4")

# name, (dim,) sum of unit embeddings, their number, when it last changed (UTC, ISO 8601)
GalleryRow = tuple[str, np.ndarray, int, str]

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
class EnrolledPerson:
    """Somebody in a gallery, without embedding."""

    name: str
    photos: int
    updated: str


@dataclass(frozen=True)
class References:
    """Everybody enrolled, ready for search.

    Attributes:
        names: n people.
        photos: how many photos each was enrolled with.
        embeddings: (n, dim) float32 unit vectors: the means of each person's.
    """

    names: list[str]
    photos: list[int]
    embeddings: np.ndarray


class Gallery(AbstractContextManager):
    """An open gallery; use as a context manager."""

    def __init__(self, path: Path) -> None:
        """Opens an existing gallery.

        Raises:
            InputError: there is none, or the file is something else.
        """
        self.path = Path(path)
        check_file(self.path, f"`faceline enroll NAME PHOTO... --gallery {path}` makes a gallery", MAX_FILE_BYTES)
        with explained(self.path):
            self._database = _connect(self.path)
        try:
            with explained(self.path):
                facts = checked_facts(self._database, self.path)
        except BaseException:
            self._database.close()
            raise
        if facts.get("format") != FORMAT:
            found = str(facts.get("format"))[:80]
            raise InputError(f"{path}: a gallery of the form {found!r}, expected {FORMAT!r}")
        self.model, self.dim = facts["model"], int(facts["dim"])

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
        now = datetime.now(UTC).isoformat(timespec="seconds")
        rows = []
        for name, vectors in people.items():
            vectors = np.asarray(vectors, np.float64)
            if vectors.ndim != 2 or vectors.shape[1] != self.dim or not len(vectors):
                raise ValueError(f"{name}: expected (n, {self.dim}) embeddings, got {vectors.shape}")
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
            if not np.isfinite(vectors).all() or (lengths == 0).any():
                raise ValueError(f"{name}: embeddings must be finite and not zero")
            rows.append((name, (vectors / lengths).sum(axis=0), len(vectors), now))
        self.take_in(rows, existing="add")

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
        self._query("PRAGMA wal_checkpoint(TRUNCATE)")

    def people(self) -> list[EnrolledPerson]:
        """Everybody, by name."""
        rows = self._query("SELECT name, photos, updated FROM people ORDER BY name")
        for row in rows:
            check_person(self.path, *row)
        return [EnrolledPerson(*row) for row in rows]

    def __len__(self) -> int:
        return self._query("SELECT count(*) FROM people")[0][0]

    def references(self) -> References:
        """Loads everybody's mean embedding, scaled to length 1."""
        rows = self.rows()
        totals = np.array([total for _, total, _, _ in rows], _STORED).reshape(len(rows), self.dim)
        lengths = np.sqrt(np.einsum("nd,nd->n", totals, totals))[:, None]
        means = (totals / np.maximum(lengths, 1e-12)).astype(np.float32)
        return References([name for name, *_ in rows], [photos for *_, photos, _ in rows], means)

    def rows(self) -> list[GalleryRow]:
        """Everybody with the sum of their embeddings, by name."""
        rows = self._query("SELECT name, total, photos, updated FROM people ORDER BY name")
        return [
            (name, checked_total(self.path, name, total, photos, self.dim), photos, updated)
            for name, total, photos, updated in rows
        ]

    def _query(self, command: str) -> list[tuple]:
        with explained(self.path):
            return self._database.execute(command).fetchall()

    def take_in(self, rows: Sequence[GalleryRow], existing: str = "refuse") -> None:
        """Adds rows of another gallery of the same model, in one transaction.

        Args:
            existing: what to do with somebody who is enrolled already: `refuse`, `add` the photos, or `replace`.

        Raises:
            InputError: a name that is none, or people are enrolled already under `refuse`.
        """
        rows = [(checked_name(name), *row) for name, *row in rows]
        if existing == "refuse" and (known := {one.name for one in self.people()} & {name for name, *_ in rows}):
            some = ", ".join(sorted(known)[:3])
            raise InputError(
                f"{self.path}: {len(known)} people are enrolled already ({some}); say --existing add or replace"
            )
        with self._writing() as database:
            for name, total, photos, updated in rows:
                if existing == "replace":
                    database.execute("DELETE FROM people WHERE name = ?", (name,))
                row = database.execute("SELECT total, photos FROM people WHERE name = ?", (name,)).fetchone()
                if row is not None:
                    total = total + np.frombuffer(row[0], _STORED)
                    photos += row[1]
                database.execute(
                    "INSERT OR REPLACE INTO people (name, total, photos, updated) VALUES (?, ?, ?, ?)",
                    (name, total.astype(_STORED).tobytes(), photos, updated),
                )

    def __exit__(self, *raised: object) -> None:
        self._database.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that holds the write lock from the start, so that reading and adding cannot be split."""
        with explained(self.path):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise


def _connect(path: Path) -> sqlite3.Connection:
    # SQLite writes beside a file that it reads; where nothing can be written it must know that nobody does
    unchanging = path.exists() and bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    name = f"{path.absolute().as_uri()}?immutable=1" if unchanging else path
    database = sqlite3.connect(name, timeout=60, isolation_level=None, uri=unchanging)
    if not unchanging:
        database.execute("PRAGMA secure_delete = ON")
    return database


def _create(path: Path, model: str, dim: int) -> None:
    """Makes a whole gallery under another name and gives it its own at the end: nobody ever sees half of one."""
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent} to put the gallery in")
    with explained(path), tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name[:100]}.") as folder:
        temporary = Path(folder) / path.name
        temporary.touch(mode=PRIVATE)  # SQLite gives its log files the same mode
        database = _connect(temporary)
        database.executescript(_SCHEMA)
        metadata = {"format": FORMAT, "model": model, "dim": str(dim)}
        database.executemany("INSERT INTO facts VALUES (?, ?)", metadata.items())
        database.execute("PRAGMA journal_mode = WAL")
        database.close()
        try:
            os.link(temporary, path)  # unlike a rename it never replaces what another process made meanwhile
        except FileExistsError:
            return
        except OSError:  # a file system without links
            temporary.rename(path)
