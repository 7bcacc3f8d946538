"""Which photos are compared with which.

Genuine pairs are the same-person pairs within the query people; impostor pairs the different-person pairs within them
and every query x distractor pair. Distractors are never compared with each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class GenuinePairs:
    """Every same-person pair of photos with an embedding, person by person.

    Attributes:
        person: (n,) codes, ascending.
        row, other: (n,) rows of `Comparisons.query`, row < other.
        score: (n,) float32 cosine similarity.
    """

    person: np.ndarray
    row: np.ndarray
    other: np.ndarray
    score: np.ndarray

    def counts_above(self, thresholds: np.ndarray, people: int, keep: np.ndarray | None = None) -> np.ndarray:
        """(people, e) pairs of each person strictly above each of the ascending thresholds.

        Args:
            keep: (n,) bool, which pairs count; all of them without it.
        """
        person, score = (self.person, self.score) if keep is None else (self.person[keep], self.score[keep])
        width = len(thresholds) + 1
        bins = np.searchsorted(thresholds, score) + person * width
        return at_or_beyond(np.bincount(bins, minlength=people * width).reshape(people, width))


def at_or_beyond(histogram: np.ndarray) -> np.ndarray:
    """(..., e) counts above each threshold from (..., e + 1) counts by bin; bin b is above the first b thresholds."""
    return histogram[..., ::-1].cumsum(axis=-1)[..., ::-1][..., 1:]


@dataclass(frozen=True)
class Comparisons:
    """The query photos, person by person, and the distractor photos they are compared with.

    Attributes:
        query: (n, dim) float32 unit vectors, photos of one person side by side.
        query_person: (n,) person codes, ascending, 0..people-1.
        query_rows: (n,) where each photo stood in what `of` was given.
        failed_person, failed_rows: (f,) likewise, of photos without an embedding: genuine pairs with one are misses.
        distractor, distractor_person, distractor_rows: likewise, with person codes of their own, any order.
        names: (people,) what the persons are called, by code; distractor_names likewise.
    """

    query: np.ndarray
    query_person: np.ndarray
    query_rows: np.ndarray
    failed_person: np.ndarray
    failed_rows: np.ndarray
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

        Failed distractor photos are left out: they never enter the impostor pairs.

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
            failed_person=person[~ok],
            failed_rows=np.flatnonzero(~ok),
            names=names,
            distractor=np.ascontiguousarray(distractor if whole else distractor[distractor_rows]),
            distractor_person=other[distractor_rows],
            distractor_rows=distractor_rows,
            distractor_names=distractor_names,
        )

    @cached_property
    def photos(self) -> np.ndarray:
        """(people,) photos with an embedding, by query person."""
        return np.bincount(self.query_person, minlength=len(self.names))

    @cached_property
    def failed(self) -> np.ndarray:
        """(people,) photos without an embedding, by query person."""
        return np.bincount(self.failed_person, minlength=len(self.names))

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
        """Different-person pairs of people behind the impostor pairs."""
        people = int((self.photos > 0).sum())
        return people * (people - 1) // 2 + people * len(np.unique(self.distractor_person))

    @cached_property
    def ends(self) -> np.ndarray:
        """(n,) for each query photo the row after the last of its person."""
        return np.cumsum(self.photos)[self.query_person]

    def slices(self) -> list[slice]:
        """Rows of `query` of each person, by code; empty for a person without any embedding."""
        ends = np.cumsum(self.photos)
        return [slice(int(end - count), int(end)) for end, count in zip(ends, self.photos, strict=True)]

    @cached_property
    def genuine(self) -> GenuinePairs:
        """The genuine pairs that have a score; computed once."""
        parts = []
        for person, rows in enumerate(self.slices()):
            own = self.query[rows]
            first, second = np.triu_indices(len(own), 1)
            score = (own @ own.T)[first, second]
            parts.append((np.full(len(first), person), first + rows.start, second + rows.start, score))
        return GenuinePairs(*(np.concatenate(column) for column in zip(*parts, strict=True)))
