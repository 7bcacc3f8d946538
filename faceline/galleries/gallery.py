"""A gallery of enrolled people: one private SQLite file, safe to update while others read it.

Every enrolled photo is a row of its own, so that one can be listed and taken back. Every change is one transaction.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import astuple, dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from faceline.core.errors import FacelineError, InputError
from faceline.core.files import check_file
from faceline.galleries.checks import (
    STORED,
    SUMS_FORMAT,
    check_file_name,
    check_model,
    check_person,
    checked_embeddings,
    checked_facts,
    checked_quality,
    explained,
)
from faceline.galleries.index_folder import forget
from faceline.galleries.index_search import indexed
from faceline.galleries.references import References, Searchable, mean_references, nearest_references
from faceline.galleries.removals import finish_earlier_removals, finish_removals, note_removal, unfinished_removal
from faceline.galleries.rows import QUALITY_COLUMNS, PhotoRow, checked_row, find_photo, normalised_name, same_photo
from faceline.galleries.schema import bring_up_to_date, connect, create, one_state, writing

if TYPE_CHECKING:
    from faceline.evaluation.verification.template_tails import SearchKind

MAX_FILE_BYTES = 2**36
_COLUMNS = ("name", "photo", "embedding", "enrolled", "photos", *QUALITY_COLUMNS)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EnrolledPerson:
    """Somebody in a gallery, without embeddings."""

    name: str
    photos: int
    updated: str


class Gallery(AbstractContextManager):
    """An open gallery; use as a context manager."""

    def __init__(self, path: Path) -> None:
        """Opens an existing gallery; one of the earlier form is brought to the present one first.

        Raises:
            InputError: there is none, or the file is something else.
        """
        self.path = Path(path)
        check_file(self.path, f"`faceline enroll NAME PHOTO... --gallery {path}` makes a gallery", MAX_FILE_BYTES)
        with explained(self.path):
            self._database = connect(self.path)
        try:
            with explained(self.path):
                facts = checked_facts(self._database, self.path)
                if facts["format"] == SUMS_FORMAT:
                    self._bring_up_to_date()
            self.model, self.dim = facts["model"], int(facts["dim"])
            if self.unfinished_removal():
                self._overwrite_in_index()
            finish_earlier_removals(self._database, self.path)
        except BaseException:
            self._database.close()
            raise

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
            create(path, model, dim)
        gallery = cls(path)
        gallery.require_model(model)
        return gallery

    def require_model(self, model: str) -> None:
        """Refuses embeddings of another model: similarities between the two mean nothing."""
        check_model(self.path, self.model, model)

    def add(self, rows: Sequence[PhotoRow], existing: str = "add") -> list[bool]:
        """Adds photos to people, new or known, all of them in one transaction.

        Args:
            rows: each embedding counts with length 1 where it is that of one photo.
            existing: what to do with somebody who is enrolled already: `refuse`, `add` the photos, or `replace`.

        Returns:
            For each row whether it was added; False for a photo that the person has already, a file of that name
            with the same embedding.

        Raises:
            InputError: a name that is none, or people are enrolled already under `refuse`.
            ValueError: embeddings of another size, zero, or not finite.
        """
        rows = [checked_row(row, self.dim) for row in rows]
        names = {row.name for row in rows}
        insert = f"INSERT INTO photos ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
        added = []
        with self.changing() as database:
            if existing == "refuse" and (known := [one.name for one in self.people() if one.name in names]):
                some = ", ".join(known[:3])
                raise InputError(
                    f"{self.path}: {len(known)} people are enrolled already ({some}); say --existing add or replace"
                )
            if existing == "replace":
                database.executemany("DELETE FROM photos WHERE name = ?", [(name,) for name in sorted(names)])
                note_removal(database)
            for row in rows:
                added.append(not self._holds(row))
                if added[-1]:
                    database.execute(insert, _stored(row))
        if existing == "replace":
            self._finish_removals()
        return added

    def _holds(self, row: PhotoRow) -> bool:
        held = self._query(
            "SELECT embedding FROM photos WHERE name = ? AND photo = ? AND photos = ?",
            (row.name, row.photo, row.photos),
        )
        names, photos = [row.name] * len(held), [row.photos] * len(held)
        embeddings = checked_embeddings(self.path, names, [blob for (blob,) in held], photos, self.dim)
        return any(same_photo(embedding, row.embedding) for embedding in embeddings)

    def remove(self, names: Iterable[str]) -> None:
        """Forgets people; their numbers are overwritten in the file, and in the log beside it (`unfinished_removal`).

        Raises:
            InputError: somebody is not enrolled; then nobody is removed.
        """
        with self.changing() as database:
            for name in names:
                name = normalised_name(name)
                if not database.execute("DELETE FROM photos WHERE name = ?", (name,)).rowcount:
                    raise self._nobody(name)
            note_removal(database)
        self._finish_removals()

    def remove_photos(self, name: str, photos: Iterable[str]) -> None:
        """Takes photos of one person back; who has none left is forgotten.

        Args:
            photos: files, by their names whatever the folder, or rows' numbers.

        Raises:
            InputError: the person is not enrolled, has no such photo or several of that name; then none is removed.
        """
        name = normalised_name(name)
        with self.changing() as database:
            held = database.execute("SELECT id, photo FROM photos WHERE name = ? ORDER BY id", (name,)).fetchall()
            if not held:
                raise self._nobody(name)
            for wanted in photos:
                number = find_photo(self.path, name, held, wanted)
                database.execute("DELETE FROM photos WHERE id = ?", (number,))
            note_removal(database)
        self._finish_removals()

    def unfinished_removal(self) -> FacelineError | None:
        """What to raise in the end when something removed still stands in the log, for a process that reads it."""
        return unfinished_removal(self._database, self.path)

    def people(self) -> list[EnrolledPerson]:
        """Everybody, by name."""
        rows = self._query("SELECT name, photos, enrolled FROM photos ORDER BY name")
        for row in rows:
            check_person(self.path, *row)
        people = []
        for name, held in groupby(rows, key=lambda row: row[0]):
            _, photos, enrolled = zip(*held, strict=True)
            people.append(EnrolledPerson(name, sum(photos), max(enrolled)))
        return people

    def __len__(self) -> int:
        return self._query("SELECT count(DISTINCT name) FROM photos")[0][0]

    def searchable(self, search: SearchKind = "mean") -> Searchable:
        """Everybody for a search: by the index beside the gallery if there is one, else as `references` does."""
        with self.reading() as database:
            return indexed(self.path, database, self.dim, search) or self.references(search)

    def references(self, search: SearchKind = "mean") -> References:
        """Loads everybody for a search by the mean of a person's photos, or by the nearest of them.

        Raises:
            InputError: `nearest`, and somebody's photos are known by their sum only.
        """
        rows = self._query("SELECT name, photos, embedding FROM photos ORDER BY name, id")
        for name, count, _ in rows:
            check_person(self.path, name, count, "")
        names, photos = [name for name, _, _ in rows], np.array([count for _, count, _ in rows], int)
        embeddings = checked_embeddings(self.path, names, [blob for _, _, blob in rows], photos, self.dim)
        if search == "mean":
            return mean_references(names, photos, embeddings)
        if sums := sorted({name for name, count in zip(names, photos, strict=True) if count > 1}):
            raise InputError(
                f"{self.path}: the photos of {len(sums)} people ({', '.join(sums[:3])}) were enrolled before each "
                "had a row of its own; enroll them again to search by the nearest photo, or use --search mean"
            )
        return nearest_references(names, embeddings)

    def rows(self) -> list[PhotoRow]:
        """Every photo, by person and in the order of enrolment."""
        found = self._query(f"SELECT {', '.join(_COLUMNS)}, id FROM photos ORDER BY name, id")
        for name, photo, _, enrolled, photos, *_ in found:
            check_person(self.path, name, photos, enrolled)
            check_file_name(self.path, name, photo)
        names, photos, blobs = [row[0] for row in found], [row[4] for row in found], [row[2] for row in found]
        embeddings = checked_embeddings(self.path, names, blobs, photos, self.dim)
        return [
            PhotoRow(name, photo, vector, enrolled, checked_quality(self.path, name, quality), count, number)
            for (name, photo, _, enrolled, count, *quality, number), vector in zip(found, embeddings, strict=True)
        ]

    def __exit__(self, *raised: object) -> None:
        self._database.close()

    def _bring_up_to_date(self) -> None:
        if bring_up_to_date(self._database, self.path):
            log.warning(
                f"{self.path}: brought to the present form; photos enrolled before share one row a person, and are "
                "listed and removed together"
            )

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One state of the gallery for several statements; what others change meanwhile is not seen."""
        with explained(self.path), one_state(self._database) as database:
            yield database

    def _query(self, command: str, values: Sequence[object] = ()) -> list[tuple]:
        with explained(self.path):
            return self._database.execute(command, values).fetchall()

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, whole or not at all."""
        with explained(self.path), writing(self._database) as database:
            yield database

    def _finish_removals(self) -> None:
        """After rows were removed: nothing beside the file is to hold them any more."""
        try:
            self._overwrite_in_index()
        finally:  # a damaged index does not keep removed rows in the log
            finish_removals(self._database, self.path)

    def _overwrite_in_index(self) -> None:
        with explained(self.path):
            forget(self.path, self._database, self.dim)

    def _nobody(self, name: str) -> InputError:
        return InputError(f"{self.path}: nobody called {name!r} is enrolled; `faceline list` names them")


def _stored(row: PhotoRow) -> tuple:
    """`_COLUMNS` of a row."""
    quality = (None,) * len(QUALITY_COLUMNS) if row.quality is None else astuple(row.quality)
    return (row.name, row.photo, row.embedding.astype(STORED).tobytes(), row.enrolled, row.photos, *quality)
