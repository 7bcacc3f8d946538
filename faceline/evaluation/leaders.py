"""The largest scores of a stream of blocks, by pair of people and by pair of photos."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np

from faceline.evaluation.comparisons import Comparisons, Place
from faceline.evaluation.selection import Tally


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
        other = self._comparisons.distractor_person if place.distractor else self._comparisons.query_person
        offset = len(self._comparisons.names) if place.distractor else 0
        people = offset + len(self._comparisons.distractor_names) + len(self._comparisons.names)
        first = self._comparisons.query_person[place.row + cells // columns]
        return first.astype(np.int64) * people + other[place.column + cells % columns] + offset

    def watching(self, block_mb: float) -> Callable[[Callable[[np.ndarray], Tally]], Iterator[Tally]]:
        """`map_blocks` of `selection.largest` for the comparisons, every block of which is offered here too."""

        def map_blocks(visit: Callable[[np.ndarray], Tally]) -> Iterator[Tally]:
            visiting = threading.Lock()

            def both(block: np.ndarray, place: Place) -> Tally:
                # what is done to a block are many short calls: two threads at them lose more time handing the
                # interpreter to and fro than they win, while one and a product run side by side
                with visiting:
                    self.offer(block, place)
                    return visit(block)

            return self._comparisons.map_impostors(both, block_mb)

        return map_blocks

    def count_above(self, threshold: float) -> int:
        """Pairs of people with a score strictly above `threshold`, counted no further than `count`."""
        return sum(score > threshold for score in self._best.values())

    @property
    def floor(self) -> float:
        """The largest score that `count` pairs of people reach; -inf where there are fewer pairs."""
        return self._floor


class TopScores:
    """The largest scores of blocks, with the two photos of each.

    Args:
        count: how many are kept; of equal scores those of the first photos.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._best: list[tuple[float, bool, int, int]] = []
        self._floor = -np.inf
        self._lock = threading.Lock()

    def offer(self, block: np.ndarray, place: Place) -> None:
        """Takes note of a block of scores; threads may call it at once."""
        flat = block.ravel()
        cells = np.flatnonzero(flat >= max(self._floor, np.finfo(np.float32).min))
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
                self._floor = -self._best[-1][0]

    @property
    def best(self) -> list[tuple[float, bool, int, int]]:
        """(score, whether the second is a distractor, row, column), the largest score first."""
        return [(-negative, distractor, row, column) for negative, distractor, row, column in self._best]
