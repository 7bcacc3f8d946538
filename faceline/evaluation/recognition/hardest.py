"""The pairs of photos that a recogniser gets most wrong."""

import threading

import numpy as np
import pandas as pd

from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.impostors import Place


class HardestImpostors:
    """The pairs of different people that look most alike.

    Args:
        count: how many are kept; of equal scores those of the first photos.
    """

    def __init__(self, comparisons: Comparisons, count: int) -> None:
        self._comparisons = comparisons
        self._count = count
        self._best: list[tuple[float, bool, int, int]] = []
        self._floor = np.float32(np.finfo(np.float32).min)
        self._lock = threading.Lock()

    def offer(self, block: np.ndarray, place: Place) -> None:
        """Takes note of a block of scores; threads may call it at once."""
        flat = block.ravel()
        cells = np.flatnonzero(flat >= self._floor)
        if len(cells) > self._count:
            kth = np.partition(flat[cells], len(cells) - self._count)[len(cells) - self._count]
            cells = cells[flat[cells] >= kth]
        rows, columns = np.divmod(cells, block.shape[1])
        found = [
            (-float(flat[cell]), place.distractor, int(place.row + row), int(place.column + column))
            for cell, row, column in zip(cells, rows, columns, strict=True)
        ]
        with self._lock:
            self._best = sorted(self._best + found)[: self._count]
            if len(self._best) == self._count:
                self._floor = np.float32(-self._best[-1][0])

    def table(self) -> pd.DataFrame:
        """score, row, other_row, other_role, the worst first.

        Rows are positions in what `Comparisons.of` was given.
        """
        compared = self._comparisons
        found = [
            (
                -negative,
                compared.query_rows[row],
                (compared.distractor_rows if distractor else compared.query_rows)[column],
                "distractor" if distractor else "query",
            )
            for negative, distractor, row, column in self._best
        ]
        return pd.DataFrame(found, columns=["score", "row", "other_row", "other_role"])


def hardest_genuine(comparisons: Comparisons, count: int) -> pd.DataFrame:
    """The pairs of one person that look least alike, at most one a person: score, row, other_row, the worst first.

    One a person, since a single wrongly labelled photo would otherwise fill the list.
    """
    pairs = comparisons.genuine
    order = np.lexsort((pairs.score, pairs.person))  # by person, the smallest score first
    _, first = np.unique(pairs.person[order], return_index=True)
    worst = order[first]
    rows, others = comparisons.query_rows[pairs.row[worst]], comparisons.query_rows[pairs.other[worst]]
    found = sorted(zip(pairs.score[worst].tolist(), rows, others, strict=True))
    return pd.DataFrame(found[:count], columns=["score", "row", "other_row"])
