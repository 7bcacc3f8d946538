"""How many impostor scores lie above each of many thresholds, as counted or as resampled."""

import threading

import numpy as np

from faceline.evaluation.verification.comparisons import Comparisons, at_or_beyond
from faceline.evaluation.verification.impostors import Place


class ImpostorCounts:
    """Impostor scores strictly above each threshold.

    Args:
        thresholds: (e,) ascending.

    Attributes:
        above: (e,) counts.
    """

    def __init__(self, thresholds: np.ndarray) -> None:
        self.thresholds = np.asarray(thresholds, np.float32)
        self.above = np.zeros(len(self.thresholds), np.int64)
        self._lock = threading.Lock()

    def offer(self, block: np.ndarray, place: Place) -> None:
        """Counts a block; threads may call it at once."""
        above = _above(block, self.thresholds)
        with self._lock:
            self.above += above


class ResampledCounts:
    """Impostor scores strictly above each threshold where each pair counts by the product of its people's weights.

    Args:
        thresholds: (e,) ascending.
        weights: (samples, people) how often each query person was drawn; distractors weigh 1.

    Attributes:
        above: (e,) unweighted counts.
        weighted: (samples, e) weighted ones: whole numbers.
    """

    def __init__(self, comparisons: Comparisons, thresholds: np.ndarray, weights: np.ndarray) -> None:
        self.thresholds = np.asarray(thresholds, np.float32)
        self.above = np.zeros(len(self.thresholds), np.int64)
        self.weighted = np.zeros((len(weights), len(self.thresholds)))
        self._comparisons = comparisons
        self._weights = weights.astype(float)
        self._lock = threading.Lock()

    def offer(self, block: np.ndarray, place: Place) -> None:
        """Counts a block; threads may call it at once."""
        person = self._comparisons.query_person
        rows = person[place.row : place.row + len(block)]
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        above = np.zeros(self.above.shape, np.int64)
        weighted = np.zeros(self.weighted.shape)
        for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
            own = self._weights[:, rows[start], None]
            if place.distractor:
                counts = _above(block[start:end], self.thresholds)
                weighted += own * counts
            else:
                by_person, people = self._by_person(block[start:end], person[place.column :][: block.shape[1]])
                weighted += (own * self._weights[:, people]) @ by_person.astype(float)
                counts = by_person.sum(axis=0)
            above += counts
        with self._lock:
            self.above += above
            self.weighted += weighted

    def _by_person(self, scores: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, slice]:
        """(people, e) scores above each threshold by the columns' persons, and the slice of persons."""
        width, people = len(self.thresholds) + 1, slice(int(columns[0]), int(columns[-1]) + 1)
        bins = np.searchsorted(self.thresholds, scores) + (columns - people.start) * width
        histogram = np.bincount(bins.ravel(), minlength=(people.stop - people.start) * width)
        return at_or_beyond(histogram.reshape(-1, width)), people


def _above(scores: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    ordered = np.sort(scores, axis=None)
    return len(ordered) - np.searchsorted(ordered, thresholds, side="right")
