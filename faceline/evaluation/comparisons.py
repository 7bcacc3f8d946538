"""Which photos are compared with which, and their scores block by block.

Positives are the same-person pairs within the query people; negatives the different-person pairs within them
and every query x distractor pair. Distractors are never compared with each other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

import numpy as np

from faceline.evaluation.threads import blas_threads, in_threads

Result = TypeVar("Result")

# large products are fast; what follows is fast on pieces that stay in a core's cache
PRODUCT_ROWS, PRODUCT_COLUMNS = 1024, 2048
PIECE_CELLS = 1 << 17


@dataclass(frozen=True)
class Place:
    """Where a block of impostor scores lies: rows are query photos, columns query or distractor photos."""

    row: int
    column: int
    distractor: bool


@dataclass(frozen=True)
class Comparisons:
    """The query photos, person by person, and the distractor photos they are compared with.

    Attributes:
        query: (n, dim) float32 unit vectors, photos of one person side by side.
        query_person: (n,) person codes, ascending, 0..people-1.
        query_rows: (n,) where each photo stood in what `of` was given.
        failed: (people,) photos of each person that have no embedding: every genuine pair with one is a miss.
        distractor, distractor_person, distractor_rows: likewise, with person codes of their own, any order.
        names: (people,) what the persons are called, by code; distractor_names likewise.
    """

    query: np.ndarray
    query_person: np.ndarray
    query_rows: np.ndarray
    failed: np.ndarray
    names: np.ndarray
    distractor: np.ndarray
    distractor_person: np.ndarray
    distractor_rows: np.ndarray
    distractor_names: np.ndarray

    @classmethod
    def of(
        cls,
        query: np.ndarray,
        query_person: Sequence | np.ndarray,
        distractor: np.ndarray | None = None,
        distractor_person: Sequence | np.ndarray = (),
    ) -> Comparisons:
        """Sorts photos by person; a row of NaN is a photo that has no embedding.

        Failed distractor photos are left out: they never enter the negatives.

        Raises:
            ValueError: lengths differ, or a distractor is one of the query people.
        """
        query = np.asarray(query, np.float32)
        distractor = np.empty((0, query.shape[1]), np.float32) if distractor is None else distractor
        distractor = np.asarray(distractor, np.float32)
        names, person = np.unique(np.asarray(query_person), return_inverse=True)
        distractor_names, other = np.unique(np.asarray(distractor_person), return_inverse=True)
        if len(person) != len(query) or len(other) != len(distractor):
            raise ValueError("need one person per embedding")
        if len(distractor_names) and np.isin(distractor_names, names).any():
            raise ValueError("distractors must not be query people")
        ok = ~np.isnan(query).any(axis=1)
        rows = np.argsort(person, kind="stable")
        rows = rows[ok[rows]]
        distractor_rows = np.flatnonzero(~np.isnan(distractor).any(axis=1))
        whole = len(distractor_rows) == len(distractor)
        return cls(
            query=np.ascontiguousarray(query[rows]),
            query_person=person[rows],
            query_rows=rows,
            failed=np.bincount(person[~ok], minlength=len(names)),
            names=names,
            distractor=np.ascontiguousarray(distractor if whole else distractor[distractor_rows]),
            distractor_person=other[distractor_rows],
            distractor_rows=distractor_rows,
            distractor_names=distractor_names,
        )

    @property
    def photos(self) -> np.ndarray:
        """(people,) photos with an embedding, by query person."""
        return np.bincount(self.query_person, minlength=len(self.names))

    @property
    def positive_pairs_by_person(self) -> np.ndarray:
        """(people,) same-person pairs of each query person, those with a failed photo included."""
        photos = self.photos + self.failed
        return photos * (photos - 1) // 2

    @property
    def positive_pairs(self) -> int:
        return int(self.positive_pairs_by_person.sum())

    @property
    def negative_pairs(self) -> int:
        """Comparisons of different people that have a score."""
        photos, n = self.photos, len(self.query)
        return (n * n - int((photos * photos).sum())) // 2 + n * len(self.distractor)

    @property
    def person_pairs(self) -> int:
        """Different-person pairs of people behind the negatives."""
        people = int((self.photos > 0).sum())
        return people * (people - 1) // 2 + people * len(np.unique(self.distractor_person))

    @property
    def largest_person_pair(self) -> int:
        """An upper bound of the negatives that one pair of people can give."""
        most = np.sort(self.photos)[::-1]
        distractor = np.bincount(self.distractor_person).max(initial=0)
        within = most[1] if len(most) > 1 else 0
        return int(most[0] * max(within, distractor)) if len(most) else 0

    def slices(self) -> list[slice]:
        """Rows of `query` of each person, by code; empty for a person without any embedding."""
        ends = np.cumsum(self.photos)
        return [slice(int(end - count), int(end)) for end, count in zip(ends, self.photos, strict=True)]

    def genuine(self) -> Iterator[tuple[int, np.ndarray]]:
        """(person code, scores of that person's pairs), for the photos that have embeddings."""
        for person, rows in enumerate(self.slices()):
            own = self.query[rows]
            for start in range(0, len(own) - 1, PRODUCT_COLUMNS):
                block = own[start : start + PRODUCT_COLUMNS] @ own[start:].T
                yield person, block[np.triu(np.ones(block.shape, bool), 1)]

    def map_impostors(self, visit: Callable[[np.ndarray, Place], Result], block_mb: float = 256) -> Iterator[Result]:
        """Applies `visit` to every block of impostor scores, each unordered pair once, and yields what it returns.

        Args:
            visit: takes the block, (rows, columns) float32 with -inf in cells that are no comparison of different
                people, and its place. It runs in threads and must not keep the block, which is used again.
            block_mb: MB of scores held at a time, over all threads.
        """
        cells = max(1, int(block_mb * 2**20 / 4 / blas_threads()))
        columns = min(PRODUCT_COLUMNS, cells)
        rows = max(1, min(PRODUCT_ROWS, cells // columns))
        ends = np.array([rows.stop for rows in self.slices()])[self.query_person]
        buffers = threading.local()

        def compute(place: Place) -> list[Result]:
            if not hasattr(buffers, "block"):
                buffers.block = np.empty(rows * columns, np.float32)
            left = self.query[place.row : place.row + rows]
            others = self.distractor if place.distractor else self.query
            right = others[place.column : place.column + columns]
            block = buffers.block[: len(left) * len(right)].reshape(len(left), len(right))
            np.matmul(left, right.T, out=block)
            if not place.distractor:
                for row, end in enumerate(ends[place.row : place.row + rows]):
                    block[row, : max(0, end - place.column)] = -np.inf
            step = max(1, PIECE_CELLS // len(right))
            return [
                visit(block[start : start + step], Place(place.row + start, place.column, place.distractor))
                for start in range(0, len(left), step)
            ]

        return chain.from_iterable(in_threads(compute, self._places(rows, columns, ends)))

    def _places(self, rows: int, columns: int, ends: np.ndarray) -> Iterator[Place]:
        for row in range(0, len(self.query), rows):
            # a person's photos stand side by side: different people, each pair once, start where the first ends
            for column in range(int(ends[row]), len(self.query), columns):
                yield Place(row, column, distractor=False)
            for column in range(0, len(self.distractor), columns):
                yield Place(row, column, distractor=True)

    def sample_impostors(self, size: int, generator: np.random.Generator) -> np.ndarray:
        """Scores of `size` negatives drawn evenly and with replacement (nearly `size` within the query people)."""
        across = len(self.query) * len(self.distractor)
        crossing = generator.binomial(size, across / self.negative_pairs)
        drawn = [self._drawn(self.distractor, crossing, generator, None)]
        drawn.append(self._drawn(self.query, size - crossing, generator, self.query_person))
        return np.concatenate(drawn)

    def _drawn(
        self, others: np.ndarray, size: int, generator: np.random.Generator, person: np.ndarray | None
    ) -> np.ndarray:
        if not size:
            return np.empty(0, np.float32)
        first = generator.integers(len(self.query), size=size)
        second = generator.integers(len(others), size=size)
        if person is not None:
            different = person[first] != person[second]
            first, second = first[different], second[different]

        def dot(start: int) -> np.ndarray:
            chunk = slice(start, start + 8192)
            return np.einsum("ij,ij->i", self.query[first[chunk]], others[second[chunk]])

        parts = list(in_threads(dot, range(0, len(first), 8192)))
        return np.concatenate(parts) if parts else np.empty(0, np.float32)
