"""The pairs of people behind the largest impostor scores."""

import threading

import numpy as np

from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.impostors import Place


class PersonPairLeaders:
    """The pairs of people with the largest impostor scores: whether false matches come from enough of them.

    Args:
        comparisons: what the blocks are made of.
        count: how many pairs of people are kept.
    """

    def __init__(self, comparisons: Comparisons, count: int) -> None:
        self._comparisons = comparisons
        self._count = count
        self._best: dict[int, float] = {}
        self._floor = -np.inf
        self._lock = threading.Lock()

    def offer(self, block: np.ndarray, place: Place) -> None:
        """Takes note of a block of impostor scores; threads may call it at once, blocks may come again."""
        if block.max() <= self._floor:  # a floor that rises meanwhile only lets through too much
            return
        for pair, score in self._leaders_of(block, place).items():
            with self._lock:
                self._best[pair] = max(score, self._best.get(pair, -np.inf))
        with self._lock:
            leading = sorted(self._best.items(), key=lambda item: (-item[1], item[0]))[: self._count]
            self._best = dict(leading)
            if len(leading) == self._count:
                self._floor = leading[-1][1]

    def _leaders_of(self, block: np.ndarray, place: Place) -> dict[int, float]:
        flat = block.ravel()
        cells = np.flatnonzero(flat > self._floor)
        wanted = 64 * self._count
        while True:
            some = cells
            if len(cells) > wanted:
                some = cells[np.argpartition(-flat[cells], wanted)[:wanted]]
            some = some[np.argsort(-flat[some], kind="stable")]
            pairs, first = np.unique(self._pair_codes(some, block.shape[1], place), return_index=True)
            if len(pairs) >= self._count or len(some) == len(cells):
                return dict(zip(pairs.tolist(), flat[some[first]].tolist(), strict=True))
            wanted *= 16

    def _pair_codes(self, cells: np.ndarray, columns: int, place: Place) -> np.ndarray:
        first = self._comparisons.query_person[place.row + cells // columns]
        return pair_codes(self._comparisons, first, place.column + cells % columns, place.distractor)

    def count_above(self, threshold: float) -> int:
        """Pairs of people with a score strictly above `threshold`, counted no further than `count`."""
        return sum(score > threshold for score in self._best.values())

    @property
    def floor(self) -> float:
        """The largest score that `count` pairs of people reach; -inf where there are fewer pairs."""
        return self._floor


def pair_codes(comparisons: Comparisons, first: np.ndarray, column: np.ndarray, distractor: bool) -> np.ndarray:
    """(n,) a number for each pair of people, different for different pairs of either kind.

    Args:
        first: (n,) codes of query people.
        column: (n,) rows of `comparisons.distractor`, or of `comparisons.query`.
        distractor: which of the two.
    """
    people = len(comparisons.names)
    second = people + comparisons.distractor_person[column] if distractor else comparisons.query_person[column]
    return first.astype(np.int64) * (people + len(comparisons.distractor_names)) + second
