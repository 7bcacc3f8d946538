"""A gallery in Qdrant, a service of vectors: the same interface as a gallery in a file.

Two collections: NAME has a point a photo, as a file has a row; NAME-people has a point a person, the mean of their
photos, which follows every change of these. All searches are exact.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from qdrant_client import QdrantClient, models

from faceline.core.errors import InputError
from faceline.galleries.checks import (
    FORMAT,
    MAX_DIM,
    check_file_name,
    check_lengths,
    check_model,
    check_person,
    checked_quality,
)
from faceline.galleries.gallery import EnrolledPerson
from faceline.galleries.qdrant_search import QdrantReferences, explained, payload_of
from faceline.galleries.rows import QUALITY_COLUMNS, PhotoRow, checked_row, find_photo, normalised_name, same_photo

if TYPE_CHECKING:
    from faceline.evaluation.verification.template_tails import SearchKind

PAGE = 1000  # points a request
PEOPLE = 200  # people a request
_ID_BITS = 62


def people_collection(collection: str) -> str:
    """Where the means of people are."""
    return f"{collection}-people"


def exists(client: QdrantClient, collection: str, place: str) -> bool:
    """Whether there is such a collection."""
    with explained(place):
        return client.collection_exists(collection)


class QdrantGallery(AbstractContextManager):
    """An open gallery in Qdrant; use as a context manager. Methods are those of `Gallery`."""

    def __init__(self, client: QdrantClient, collection: str, place: str) -> None:
        """Opens an existing gallery.

        Args:
            place: names it in messages.

        Raises:
            InputError: there is none, or the collection is something else.
            FacelineError: the service does not answer.
        """
        self._client, self._photos, self._people, self.path = client, collection, people_collection(collection), place
        with explained(place):
            if not client.collection_exists(collection):
                raise InputError(f"{place}: no such collection; `faceline enroll NAME PHOTO... --gallery` makes it")
            facts = client.get_collection(collection).config.metadata or {}
        model, dim = facts.get("model"), facts.get("dim")
        if facts.get("format") != FORMAT or not isinstance(model, str) or not isinstance(dim, int):
            raise InputError(f"{place}: a collection, but not a faceline gallery")
        if not 1 <= dim <= MAX_DIM:
            raise InputError(f"{place}: a damaged gallery: dim is {dim}, expected 1 to {MAX_DIM}")
        self.model, self.dim = model, dim

    @classmethod
    def open_or_create(cls, client: QdrantClient, collection: str, place: str, model: str, dim: int) -> QdrantGallery:
        """Opens the gallery for embeddings of one model, and makes it first when it is not there."""
        if not exists(client, collection, place):
            vectors = models.VectorParams(size=dim, distance=models.Distance.DOT)
            facts = {"format": FORMAT, "model": model, "dim": dim}
            fields = {
                people_collection(collection): {"photos": models.PayloadSchemaType.INTEGER},
                collection: {
                    "name": models.PayloadSchemaType.KEYWORD,
                    "person_photos": models.PayloadSchemaType.INTEGER,
                },
            }
            with explained(place):
                for name, indexed in fields.items():  # the photos last: they stand for the gallery
                    if not client.collection_exists(name):
                        client.create_collection(name, vectors_config=vectors, metadata=facts)
                    elif client.get_collection(name).config.metadata != facts:  # left by no interrupted creation
                        raise InputError(
                            f"{place}: a collection {name} of something else is there; choose another name"
                        )
                    for field, schema in indexed.items():
                        client.create_payload_index(name, field, schema)
        gallery = cls(client, collection, place)
        gallery.require_model(model)
        return gallery

    def require_model(self, model: str) -> None:
        """Refuses embeddings of another model."""
        check_model(self.path, self.model, model)

    def add(self, rows: Sequence[PhotoRow], existing: str = "add") -> list[bool]:
        """Adds photos to people, new or known; unlike in a file, others may see part of it meanwhile."""
        rows = [checked_row(row, self.dim) for row in rows]
        names = sorted({row.name for row in rows})
        with explained(self.path):
            if existing != "add":
                records = (record for some in _chunks(names, PEOPLE) for record in self._scroll(some))
                known = sorted({payload_of(record)["name"] for record in records})
                if known and existing == "refuse":
                    raise InputError(
                        f"{self.path}: {len(known)} people are enrolled already ({', '.join(known[:3])}); say "
                        "--existing add or replace"
                    )
                for some in _chunks(known, PEOPLE):
                    self._client.delete(self._photos, _of(some))
            held = [row for some in _chunks(names, PEOPLE) for row in self._rows(some)]
            added = _new_photos(rows, held)
            for points in _chunks([row for row, new in zip(rows, added, strict=True) if new], PAGE):
                self._client.upsert(self._photos, [_point(row) for row in points])
            self._refresh(names)
        return added

    def remove(self, names: Iterable[str]) -> None:
        """Forgets people; somebody who is not enrolled is refused, and then nobody is removed."""
        names = [normalised_name(name) for name in names]
        with explained(self.path):
            for name in names:
                if not self._client.count(self._photos, count_filter=_of([name])).count:
                    raise self._nobody(name)
            self._client.delete(self._photos, _of(names))
            self._refresh(names)

    def remove_photos(self, name: str, photos: Iterable[str]) -> None:
        """Takes photos of one person back, by file or id; who has none left is forgotten."""
        name = normalised_name(name)
        held = [(row.id, row.photo) for row in self._rows([name]) if row.id is not None]
        if not held:
            raise self._nobody(name)
        numbers: list[models.ExtendedPointId] = [find_photo(self.path, name, held, wanted) for wanted in photos]
        with explained(self.path):
            self._client.delete(self._photos, models.PointIdsList(points=numbers))
            self._refresh([name])

    def unfinished_removal(self) -> None:
        """Nothing here waits for who reads: when its log is emptied is the service's."""

    def people(self) -> list[EnrolledPerson]:
        """Everybody, by name."""
        with explained(self.path):
            found = [payload_of(record) for record in self._scroll()]
        for one in found:
            check_person(self.path, one.get("name"), one.get("photos"), one.get("enrolled"))
        found.sort(key=lambda one: one["name"])
        people = []
        for name, held in groupby(found, key=lambda one: one["name"]):
            own = list(held)
            people.append(
                EnrolledPerson(name, sum(one["photos"] for one in own), max(one["enrolled"] for one in own))
            )
        return people

    def __len__(self) -> int:
        with explained(self.path):
            return self._client.count(self._people).count

    def searchable(self, search: SearchKind = "mean") -> QdrantReferences:
        """Everybody for a search, which the service does."""
        with explained(self.path):
            if search == "nearest":
                several = models.FieldCondition(key="photos", range=models.Range(gt=1))
                if self._client.count(self._photos, count_filter=models.Filter(must=[several])).count:
                    raise InputError(f"{self.path}: some people's photos are known by their sum only; --search mean")
            return QdrantReferences(self._client, self._photos, self._people, self.path, search)

    def rows(self) -> list[PhotoRow]:
        """Every photo, by person and in the order of enrolment."""
        return self._rows(None)

    def __exit__(self, *raised: object) -> None:
        """The client stays: it serves searches, and every gallery at its address."""

    def _rows(self, names: Sequence[str] | None) -> list[PhotoRow]:
        with explained(self.path):
            records = list(self._scroll(names, vectors=True))
        rows = []
        for record in records:
            held = payload_of(record)
            check_person(self.path, held.get("name"), held.get("photos"), held.get("enrolled"))
            name, count, enrolled = held["name"], held["photos"], held["enrolled"]
            check_file_name(self.path, name, held.get("photo"))
            quality = checked_quality(self.path, name, [held.get(column) for column in QUALITY_COLUMNS])
            vector = np.array(record.vector, np.float32)
            rows.append(PhotoRow(name, held["photo"], vector, enrolled, quality, count, int(record.id)))
        rows.sort(key=lambda row: (row.name, row.enrolled, row.photo, row.id))
        if rows:
            stacked = np.stack([row.embedding for row in rows])
            check_lengths(self.path, [row.name for row in rows], stacked, [row.photos for row in rows])
        return rows

    def _refresh(self, names: Sequence[str]) -> None:
        """Makes the means of people again from their photos, and forgets who has none."""
        for some in _chunks(names, PEOPLE):
            own = {name: list(rows) for name, rows in groupby(self._rows(some), key=lambda row: row.name)}
            points: list[models.PointStruct] = []
            by_count: dict[int, list[str]] = {}
            for name, rows in own.items():
                total, count = np.sum([row.embedding for row in rows], axis=0), sum(row.photos for row in rows)
                mean = total / max(float(np.linalg.norm(total)), 1e-12)
                points.append(
                    models.PointStruct(
                        id=_person(name), vector=mean.tolist(), payload={"name": name, "photos": count}
                    )
                )
                by_count.setdefault(count, []).append(name)
            if points:
                self._client.upsert(self._people, points)
            for count, those in by_count.items():
                self._client.set_payload(self._photos, {"person_photos": count}, points=_of(those))
            if gone := [_person(name) for name in some if name not in own]:
                self._client.delete(self._people, models.PointIdsList(points=gone))

    def _scroll(self, names: Sequence[str] | None = None, vectors: bool = False) -> Iterator[models.Record]:
        """Photos of some people or of all."""
        page, chosen = None, None if names is None else _of(names)
        while True:
            records, page = self._client.scroll(self._photos, chosen, limit=PAGE, offset=page, with_vectors=vectors)
            yield from records
            if page is None:
                return

    def _nobody(self, name: str) -> InputError:
        return InputError(f"{self.path}: nobody called {name!r} is enrolled; `faceline list` names them")


def _new_photos(rows: Sequence[PhotoRow], held: Sequence[PhotoRow]) -> list[bool]:
    """For each row whether it is none of those held, nor one of the rows before it."""
    known: dict[tuple[str, str, int], list[np.ndarray]] = {}
    for row in held:
        known.setdefault((row.name, row.photo, row.photos), []).append(row.embedding)
    new = []
    for row in rows:
        embeddings = known.setdefault((row.name, row.photo, row.photos), [])
        new.append(not any(same_photo(one, row.embedding) for one in embeddings))
        if new[-1]:
            embeddings.append(row.embedding)
    return new


def _chunks(items: Sequence, size: int) -> Iterator[Sequence]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _of(names: Sequence[str]) -> models.Filter:
    return models.Filter(must=[models.FieldCondition(key="name", match=models.MatchAny(any=list(names)))])


def _person(name: str) -> models.ExtendedPointId:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))


def _point(row: PhotoRow) -> models.PointStruct:
    quality = {} if row.quality is None else asdict(row.quality)
    facts = {"name": row.name, "photo": row.photo, "photos": row.photos, "enrolled": row.enrolled}
    vector = np.asarray(row.embedding, np.float32).tolist()
    return models.PointStruct(id=secrets.randbits(_ID_BITS), vector=vector, payload=facts | quality)
