"""Exact search through a gallery's index: candidates from the memory map, and their similarities from the gallery.

The index keeps rounded vectors. A cosine to one of them differs from the cosine to the vector itself by no more than
the distance between the two (Cauchy-Schwarz inequality). Everybody who can be among the best within that bound is a
candidate, and candidates are compared in float32: the answer is that of the search in memory.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from faceline.evaluation.verification.template_tails import SearchKind
from faceline.galleries.checks import check_person, checked_embeddings, explained
from faceline.galleries.index_folder import GalleryIndex, belongs, index_folder, open_index, unchanged
from faceline.galleries.references import Compared, References, mean_references, nearest_references
from faceline.galleries.rounding import distances, rounded
from faceline.galleries.schema import connect, one_state

ARITHMETIC = 1e-4  # what sums of float16 products may be off beyond the rounding of the vectors
MORE = 16  # rows asked for beyond the people wanted, so that one pass over the vectors is nearly always enough
MANY_CHANGED = 0.1  # of the people

log = logging.getLogger(__name__)


def indexed(gallery: Path, database: sqlite3.Connection, dim: int, search: SearchKind) -> IndexedReferences | None:
    """Everybody of a gallery by its index; None where it has none that can be used.

    Raises:
        InputError: the index or the gallery is damaged.
    """
    index = open_index(gallery, search, dim)
    if index is None:
        return None
    folder = index_folder(gallery, search)
    if not belongs(database, search, index):
        log.warning(f"{folder}: belongs to another gallery and is not used; `faceline index` makes one for this")
        return None
    if find_spec("usearch") is None:
        log.warning(f"{folder}: not used for want of the package usearch: pip install 'faceline[large]'")
        return None
    kept, changed = unchanged(database, index)
    if len(changed) > MANY_CHANGED * len(kept):
        log.warning(f"{folder}: {len(changed)} people were added or changed since; `faceline index` takes them in")
    return IndexedReferences(gallery, search, index, kept, _people(gallery, database, search, dim, changed))


@dataclass(frozen=True)
class _Part:
    """The index's people of as many photos: those from `first` on, their rows, and all their threshold."""

    first: int
    rows: slice
    photos: int
    threshold: float


class IndexedReferences:
    """Everybody enrolled, most of them in an index: a `Searchable`.

    Attributes:
        photos: how many photos each person was enrolled with: first those of the index, then the others.
    """

    def __init__(
        self, gallery: Path, search: SearchKind, index: GalleryIndex, kept: np.ndarray, others: References
    ) -> None:
        """`kept`: (n,) who of the index's people is as it has them. `others`: who is not in it."""
        self._gallery, self._search, self._index, self._kept, self._others = gallery, search, index, kept, others
        self.photos: list[int] = [*index.photos[kept].tolist(), *others.photos]
        sizes, self._first = np.unique(index.photos, return_index=True)
        self._sizes = sizes.tolist()

    def compared(self, faces: np.ndarray, thresholds: np.ndarray) -> Compared:
        """Those among whom the answer is: see `Searchable`."""
        faces = np.asarray(faces, np.float32)
        held = int(self._kept.sum())
        own = np.full(len(self._kept), np.inf)
        own[self._kept] = thresholds[:held]
        people = self._candidates(faces, own)
        dim = self._index.vectors.shape[1]
        with explained(self._gallery):
            database = connect(self._gallery)
            try:
                with one_state(database):
                    found = self._named(database, people)
                    near = _people(self._gallery, database, self._search, dim, found)
            finally:
                database.close()
        theirs = own[[found[name] for name in near.names]]
        return Compared(
            [*near.names, *self._others.names],
            np.concatenate([theirs, thresholds[held:]]),
            np.concatenate([near.similarities(faces), self._others.similarities(faces)], axis=1),
        )

    def _candidates(self, faces: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
        """People of the index who can be among the best f of a face: as many as faces in the photo."""
        parts = self._parts(thresholds)
        wanted = min(len(faces), int(self._kept.sum()))
        if not wanted:
            return np.empty(0, int)
        numbers = self._index.vectors.dtype.name
        asked = rounded(faces, numbers)
        error = self._index.rounding + distances(faces, asked) + ARITHMETIC
        found = [self._nearest(part, asked, wanted + MORE) for part in parts]
        while True:
            margins = np.concatenate([margin for _, margin in found], axis=1)
            people = np.concatenate([person for person, _ in found], axis=1)
            floor = np.array([_best(*one, wanted) for one in zip(people, margins, strict=True)]) - 2 * error
            short = [
                number
                for number, (part, (_, margin)) in enumerate(zip(parts, found, strict=True))
                if margin.shape[1] < part.rows.stop - part.rows.start and (_lowest(margin) >= floor).any()
            ]
            if not short:
                return np.unique(people[np.isfinite(margins) & (margins >= floor[:, None])])
            for number in short:
                found[number] = self._nearest(parts[number], asked, 4 * found[number][0].shape[1])

    def _parts(self, thresholds: np.ndarray) -> list[_Part]:
        ends, parts, row = [*self._first[1:], len(self._kept)], [], 0
        for size, first, end in zip(self._sizes, self._first.tolist(), ends, strict=True):
            rows = int(end - first) * (size if self._search == "nearest" else 1)
            threshold = thresholds[first:end].min(initial=np.inf)  # infinite for people who are not compared
            if np.isfinite(threshold):
                parts.append(_Part(first, slice(row, row + rows), size, float(threshold)))
            row += rows
        return parts

    def _nearest(self, part: _Part, asked: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """(f, k) people and how far they lie over their threshold, by the `count` nearest rows of a part."""
        from usearch.index import MetricKind, search  # late: optional, and nothing else needs it

        vectors = self._index.vectors[part.rows]
        count = min(count, len(vectors))
        found = search(vectors, asked, count, MetricKind.Cos, exact=True)
        shape = (len(asked), count)
        rows = np.asarray(found.keys).reshape(shape).astype(int)
        people = part.first + rows // (part.photos if self._search == "nearest" else 1)
        margins = 1 - np.asarray(found.distances).reshape(shape) - part.threshold
        compared = self._kept[people] & (self._index.last_ids[people] != 0)  # removed while this runs, too
        return people, np.where(compared, margins, -np.inf)

    def _named(self, database: sqlite3.Connection, people: np.ndarray) -> dict[str, int]:
        """The names of the index's people; who was removed meanwhile is not among them."""
        names = {}
        for person in people.tolist():
            last = int(self._index.last_ids[person])
            for (name,) in database.execute("SELECT name FROM photos WHERE id = ?", (last,)):
                names[name] = person
        return names


def _lowest(margins: np.ndarray) -> np.ndarray:
    """(f,) the lowest margin that was found of each face; infinite where all are of people not compared."""
    return np.where(np.isfinite(margins), margins, np.inf).min(axis=1)


def _best(people: np.ndarray, margins: np.ndarray, wanted: int) -> float:
    """The margin of the `wanted`-th best of different people; minus infinity where there are fewer."""
    order = np.argsort(-margins, kind="stable")
    _, first = np.unique(people[order], return_index=True)
    best = np.sort(margins[order][first])[::-1]
    return float(best[wanted - 1]) if len(best) >= wanted else -np.inf


def _people(
    gallery: Path, database: sqlite3.Connection, search: SearchKind, dim: int, names: Iterable[str]
) -> References:
    """Some people of a gallery, in memory."""
    rows: list[tuple] = []
    for name in sorted(names):
        rows += database.execute("SELECT name, photos, embedding FROM photos WHERE name = ? ORDER BY id", (name,))
    for name, count, _ in rows:
        check_person(gallery, name, count, "")
    owners, counts = [name for name, _, _ in rows], np.array([count for _, count, _ in rows], int)
    embeddings = checked_embeddings(gallery, owners, [blob for _, _, blob in rows], counts, dim)
    if search == "mean":
        return mean_references(owners, counts, embeddings)
    return nearest_references(owners, embeddings)
