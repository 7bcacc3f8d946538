"""The mean embedding of each person, and whose mean lies nearest to a probe."""

from dataclasses import dataclass

import numpy as np

ROWS = 4096


def mean_embeddings(embeddings: np.ndarray, person: np.ndarray, people: int) -> np.ndarray:
    """(people, dim) unit means of each person's embeddings; NaN for a person without any.

    Args:
        embeddings: (n, dim), rows of NaN are left out.
        person: (n,) codes, 0..people-1.
    """
    ok = ~np.isnan(embeddings).any(axis=1)
    sums = PersonSums(people)
    for start in range(0, max(1, len(embeddings)), ROWS):
        part = slice(start, start + ROWS)
        sums.add(embeddings[part][ok[part]], person[part][ok[part]])
    return sums.means()


class PersonSums:
    """Sums of each person's embeddings, taken in some at a time."""

    def __init__(self, people: int) -> None:
        self._people = people
        self._sums: np.ndarray | None = None

    def add(self, embeddings: np.ndarray, person: np.ndarray) -> None:
        """Takes in (n, dim) embeddings of (n,) people, codes 0..people-1."""
        if self._sums is None:
            self._sums = np.zeros((self._people, embeddings.shape[1]))
        np.add.at(self._sums, person, embeddings.astype(float))

    def means(self) -> np.ndarray:
        """(people, dim) float32, unit means; NaN for a person without any."""
        if self._sums is None:
            raise ValueError("no embeddings")
        lengths = np.linalg.norm(self._sums, axis=1, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(lengths > 0, self._sums / lengths, np.nan).astype(np.float32)


@dataclass(frozen=True)
class Search:
    """What each probe finds in a gallery.

    Attributes:
        own: (n,) similarity to the probe's own person; NaN for a failed probe or a person not enrolled.
        best_other: (n,) largest similarity to anybody else enrolled; NaN for a failed probe.
        rank: (n,) place of the own person, from 1; ties count against it; 0 where it cannot be found.
    """

    own: np.ndarray
    best_other: np.ndarray
    rank: np.ndarray


def search(
    probes: np.ndarray, person: np.ndarray, gallery: np.ndarray, thresholds: np.ndarray | None = None
) -> Search:
    """Compares every probe with everybody enrolled.

    Args:
        probes: (n, dim), rows of NaN are failed probes.
        person: (n,) codes, positions in `gallery`; -1 for somebody who is not in it.
        gallery: (people, dim), rows of NaN are people not enrolled.
        thresholds: (people,) taken off the similarities to each person, where given: 0 is then the threshold for all.
    """
    enrolled = ~np.isnan(gallery).any(axis=1)
    own = np.full(len(probes), np.nan)
    best_other = np.full(len(probes), np.nan)
    rank = np.zeros(len(probes), int)
    usable = np.flatnonzero(~np.isnan(probes).any(axis=1))
    for start in range(0, len(usable), ROWS):
        rows = usable[start : start + ROWS]
        scores = probes[rows] @ np.nan_to_num(gallery).T
        if thresholds is not None:
            scores -= thresholds.astype(np.float32)
        scores[:, ~enrolled] = -np.inf
        known = np.flatnonzero((person[rows] >= 0) & enrolled[person[rows]])
        mates = person[rows[known]]
        own[rows[known]] = scores[known, mates]
        scores[known, mates] = -np.inf
        best_other[rows] = scores.max(axis=1, initial=-np.inf)
        rank[rows[known]] = 1 + (scores[known] >= own[rows[known], None]).sum(axis=1)
    return Search(own, best_other, rank)


def class_mean_ranks(
    references: np.ndarray, reference_person: np.ndarray, probes: np.ndarray, probe_person: np.ndarray
) -> np.ndarray:
    """(n,) place of each probe's own person among the means of the references, from 1; 0 where it cannot be found.

    Args:
        references, probes: (m, dim) and (n, dim); rows of NaN have failed.
        reference_person, probe_person: (m,) and (n,) labels.
    """
    names, person = np.unique(reference_person, return_inverse=True)
    means = mean_embeddings(references, person, len(names))
    position = np.searchsorted(names, probe_person).clip(max=len(names) - 1)
    return search(probes, np.where(names[position] == probe_person, position, -1), means).rank
