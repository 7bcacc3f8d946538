"""How many scores lie above each of many thresholds, person by person, as counted or as resampled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from faceline.evaluation.comparisons import Comparisons
from faceline.evaluation.threads import blas_threads, in_threads


@dataclass(frozen=True)
class Counts:
    """Scores strictly above each threshold.

    Attributes:
        thresholds: (e,) ascending.
        genuine: (people, e) pairs of each query person.
        impostor: (e,) pairs of different people.
        resampled: (samples, e) impostor pairs where each pair counts by the product of its query people's weights,
            or None without weights.
    """

    thresholds: np.ndarray
    genuine: np.ndarray
    impostor: np.ndarray
    resampled: np.ndarray | None


def counts_above(
    comparisons: Comparisons, thresholds: np.ndarray, weights: np.ndarray | None = None, block_mb: float = 256
) -> Counts:
    """Counts every comparison against every threshold without holding the scores.

    Args:
        thresholds: (e,) ascending.
        weights: (samples, people) how often each query person was drawn.
        block_mb: MB of scores held at a time, over all threads.
    """
    thresholds = np.asarray(thresholds, np.float32)
    genuine = np.zeros((len(comparisons.names), len(thresholds)), np.int64)
    for person, scores in comparisons.genuine():
        genuine[person] += _above(scores, thresholds)
    impostor = np.zeros(len(thresholds), np.int64)
    resampled = None if weights is None else np.zeros((len(weights), len(thresholds)))
    cells = max(1, int(block_mb * 2**20 / 12 / blas_threads()))  # the scores, and their bins as 8-byte integers

    def count(rows: slice) -> tuple[np.ndarray, np.ndarray | None]:
        return _count(comparisons, rows, thresholds, weights)

    for above, weighted in in_threads(count, _rows(comparisons, cells)):
        impostor += above
        if resampled is not None:
            resampled += weighted
    return Counts(thresholds, genuine, impostor, resampled)


def _rows(comparisons: Comparisons, cells: int) -> Iterator[slice]:
    """Photos of one person each time, as many as keep their scores within `cells`."""
    step = max(1, cells // max(1, len(comparisons.query) + len(comparisons.distractor)))
    for rows in comparisons.slices():
        for start in range(rows.start, rows.stop, step):
            yield slice(start, min(start + step, rows.stop))


def _count(
    comparisons: Comparisons, rows: slice, thresholds: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None]:
    person = comparisons.query_person[rows.start]
    end = int(np.searchsorted(comparisons.query_person, person, side="right"))
    photos = comparisons.query[rows]
    above = _above(photos @ comparisons.distractor.T, thresholds)
    within = photos @ comparisons.query[end:].T
    if weights is None:
        return above + _above(within, thresholds), None
    # bins by person: a score in bin b lies above the first b thresholds
    people = weights.shape[1] - person - 1
    bins = np.searchsorted(thresholds, within) + (comparisons.query_person[end:] - person - 1) * (len(thresholds) + 1)
    histogram = np.bincount(bins.ravel(), minlength=people * (len(thresholds) + 1)).reshape(
        people, len(thresholds) + 1
    )
    by_person = histogram[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
    own = weights[:, person, None].astype(float)
    return above + by_person.sum(axis=0), (own * weights[:, person + 1 :]) @ by_person.astype(float) + own * above


def _above(scores: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    ordered = np.sort(scores, axis=None)
    return len(ordered) - np.searchsorted(ordered, thresholds, side="right")
