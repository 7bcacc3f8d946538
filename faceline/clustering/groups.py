"""Groups of faces that nobody has named: HDBSCAN (Campello et al., PAKDD 2013) on cosine distance."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from faceline.core.errors import InputError

MAX_FACES = 10_000  # all distances are held: 0.8 GB


@dataclass(frozen=True)
class FaceGroups:
    """Who is with whom.

    Attributes:
        number: (n,) of each face's group, the largest group 0, of equal ones the one that comes first; -1 in none.
        strength: (n,) 0..1, how firmly a face belongs to its group: the smallest distance in it over the distance at
            which the face leaves it; 0 in none.
    """

    number: np.ndarray
    strength: np.ndarray

    @property
    def count(self) -> int:
        return int(self.number.max(initial=-1)) + 1


def face_groups(embeddings: np.ndarray, min_faces: int = 2) -> FaceGroups:
    """Puts faces together that are likely to show one person.

    HDBSCAN knows no scale: it looks for what is dense against its surroundings. So it needs no threshold, takes any
    recogniser, tells little of faces that all show one person, and may add a face to a group that is merely the
    nearest: such a face has little strength.

    Args:
        embeddings: (n, dim) unit vectors.
        min_faces: faces in a group at least, 2 or more.

    Raises:
        InputError: more than `MAX_FACES` faces.
    """
    if len(embeddings) > MAX_FACES:
        raise InputError(f"{len(embeddings)} faces to group, {MAX_FACES} are the most: give fewer photos at a time")
    if len(embeddings) <= min_faces:
        return FaceGroups(np.full(len(embeddings), -1), np.zeros(len(embeddings)))
    from sklearn.cluster import HDBSCAN  # late: two seconds

    vectors = np.asarray(embeddings, np.float64)
    distance = _without_copies(np.clip(1 - vectors @ vectors.T, 0, 2))
    found = HDBSCAN(min_cluster_size=min_faces, metric="precomputed", copy=False).fit(distance)
    labels = found.labels_
    grouped = np.flatnonzero(labels >= 0)
    numbers, first, sizes = np.unique(labels[grouped], return_index=True, return_counts=True)
    rank = np.full(len(numbers) + 1, -1)  # the last for faces in no group, whose label is -1
    rank[numbers[np.lexsort([first, -sizes])]] = np.arange(len(numbers))
    return FaceGroups(rank[labels], found.probabilities_)


def _without_copies(distance: np.ndarray) -> np.ndarray:
    """Distances of at least what half of the faces have to their nearest.

    A photo and its copy, or the next one of a burst, are so dense a group that their person's other photos would be
    left out of it.
    """
    np.fill_diagonal(distance, np.inf)
    least = np.median(distance.min(axis=1))
    np.maximum(distance, least, out=distance)
    np.fill_diagonal(distance, 0)
    return distance


def group_id(faces: Iterable[tuple[str, int]]) -> str:
    """A short name of a group that stands for what is in it: another face more or less gives another name.

    Args:
        faces: photo and number in it of each face.
    """
    text = "\n".join(f"{number} {photo}" for photo, number in sorted(faces))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]
