"""Everybody enrolled, ready for search: by the mean of a person's photos, or by the nearest one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Compared:
    """People with whom faces were compared: all, or those among whom the answer is.

    Attributes:
        names: c people.
        thresholds: (c,) theirs.
        similarity: (f, c) float32 cosine of each face to each of them.
    """

    names: list[str]
    thresholds: np.ndarray
    similarity: np.ndarray


class Searchable(Protocol):
    """Everybody enrolled, wherever they are kept.

    Attributes:
        photos: how many photos each of n people was enrolled with.
    """

    @property
    def photos(self) -> list[int]: ...

    def compared(self, faces: np.ndarray, thresholds: np.ndarray) -> Compared:
        """Compares f faces of one photo with all n people, exactly.

        Args:
            faces: (f, dim) unit vectors.
            thresholds: (n,) in the order of `photos`, the same for people of as many photos.

        Returns:
            For each face at least the f people whose similarity lies highest over their thresholds: more than f
            faces of a photo cannot take from each other.
        """
        ...


@dataclass(frozen=True)
class References:
    """Everybody enrolled in memory, ready for search: a `Searchable`.

    Attributes:
        names: n people.
        photos: how many photos each was enrolled with.
        embeddings: (m, dim) float32 unit vectors, a person's side by side: one mean each, or one for every photo.
        starts: (n,) the first row of each person; None where there is one row a person.
    """

    names: list[str]
    photos: list[int]
    embeddings: np.ndarray
    starts: np.ndarray | None = None

    def similarities(self, faces: np.ndarray) -> np.ndarray:
        """(f, n) cosine of each face to each person: to the mean, or to the nearest photo.

        Args:
            faces: (f, dim) unit vectors.
        """
        cosines = np.asarray(faces, np.float32) @ self.embeddings.T
        if self.starts is None or not self.names:
            return cosines
        return np.maximum.reduceat(cosines, self.starts, axis=1)

    def compared(self, faces: np.ndarray, thresholds: np.ndarray) -> Compared:
        """All people: see `Searchable`."""
        return Compared(self.names, thresholds, self.similarities(faces))


def mean_references(names: list[str], photos: np.ndarray, embeddings: np.ndarray) -> References:
    """References by means.

    Args:
        names: (m,) whose each row is, a person's rows side by side.
        photos: (m,) how many photos each row stands for.
        embeddings: (m, dim) float32, of unit length or sums of so many.
    """
    people, starts = _people(names)
    if not people:
        return References([], [], embeddings)
    totals = np.add.reduceat(embeddings, starts, axis=0)
    return References(people, np.add.reduceat(photos, starts).tolist(), _unit(totals))


def nearest_references(names: list[str], embeddings: np.ndarray) -> References:
    """References by single photos; `names` and `embeddings` as for `mean_references`, each row one photo."""
    people, starts = _people(names)
    counts = np.diff([*starts, len(names)]).tolist()
    return References(people, counts, _unit(embeddings), starts)


def _people(names: list[str]) -> tuple[list[str], np.ndarray]:
    """Each name once, and where its rows start."""
    starts = [row for row, name in enumerate(names) if row == 0 or name != names[row - 1]]
    return [names[row] for row in starts], np.array(starts, int)


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))[:, None]
    return (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
