"""Impostor scores tile by tile: computed once, held where they fit, computed again only where they do not."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Protocol, TypeVar

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from faceline.evaluation.verification.comparisons import Comparisons

Task = TypeVar("Task")
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


class Observer(Protocol):
    """Something that is shown every impostor score once."""

    def offer(self, block: np.ndarray, place: Place) -> None:
        """Takes note of a block; threads may call it at once, and it must not keep the block."""


class ImpostorScores:
    """The impostor scores of comparisons, each unordered pair once.

    Args:
        comparisons: who is compared with whom.
        block_mb: MB of scores held at a time. Where all of them fit they are computed once and held; otherwise
            every pass computes them again. From 8 MB for each thread on, products have the same shape and scores the
            same bits; with less, products are smaller and scores differ by float32 rounding.
        hold: False where there will be one pass only, which then need not pay for the memory.

    Attributes:
        products: matrix products computed so far.
    """

    def __init__(self, comparisons: Comparisons, block_mb: float = 256, hold: bool = True) -> None:
        self.comparisons = comparisons
        self.capacity = max(1, int(block_mb * 2**20 / 4))
        self.products = 0
        cells = max(1, self.capacity // blas_threads())
        self._columns = min(PRODUCT_COLUMNS, cells)
        self._rows = max(1, min(PRODUCT_ROWS, cells // self._columns))
        tiles = self._places()
        fits = sum(self._side(place, 0) * self._side(place, 1) for place in tiles) <= self.capacity
        self._tiles: dict[Place, np.ndarray | None] = dict.fromkeys(tiles)
        self._held = hold and fits
        self._buffers = threading.local()
        self._lock = threading.Lock()

    def map(self, visit: Callable[[np.ndarray, Place], Result], pieces: bool = True) -> Iterator[Result]:
        """Applies `visit` to every block of scores and yields what it returns.

        Args:
            visit: takes the block, (rows, columns) float32 with -inf in cells that are no comparison of different
                people, and its place. It runs in threads and must not keep or change the block.
            pieces: whether tiles are cut into pieces of some rows that stay in a core's cache.
        """

        def visit_tile(place: Place) -> list[Result]:
            tile = self._tile(place)
            step = max(1, PIECE_CELLS // tile.shape[1]) if pieces else len(tile)
            return [
                visit(tile[start : start + step], Place(place.row + start, place.column, place.distractor))
                for start in range(0, len(tile), step)
            ]

        return chain.from_iterable(in_threads(visit_tile, self._tiles))

    def show(self, observers: Sequence[Observer]) -> None:
        """One pass that shows whole tiles to several observers."""

        def offer(tile: np.ndarray, place: Place) -> None:
            for observer in observers:
                observer.offer(tile, place)

        for _ in self.map(offer, pieces=False):
            pass

    def sample(self, size: int, generator: np.random.Generator) -> np.ndarray:
        """Scores of `size` pairs drawn evenly and with replacement (nearly `size` within the query people)."""
        compared = self.comparisons
        across = len(compared.query) * len(compared.distractor)
        crossing = generator.binomial(size, across / compared.negative_pairs)
        drawn = [self._drawn(compared.distractor, crossing, generator, None)]
        drawn.append(self._drawn(compared.query, size - crossing, generator, compared.query_person))
        return np.concatenate(drawn)

    def _drawn(
        self, others: np.ndarray, size: int, generator: np.random.Generator, person: np.ndarray | None
    ) -> np.ndarray:
        if not size:
            return np.empty(0, np.float32)
        query = self.comparisons.query
        first = generator.integers(len(query), size=size)
        second = generator.integers(len(others), size=size)
        if person is not None:
            different = person[first] != person[second]
            first, second = first[different], second[different]

        def dot(start: int) -> np.ndarray:
            chunk = slice(start, start + 8192)
            return np.einsum("ij,ij->i", query[first[chunk]], others[second[chunk]])

        parts = list(in_threads(dot, range(0, len(first), 8192)))
        return np.concatenate(parts) if parts else np.empty(0, np.float32)

    def _places(self) -> list[Place]:
        query, distractor = len(self.comparisons.query), len(self.comparisons.distractor)
        places = []
        for row in range(0, query, self._rows):
            # a person's photos stand side by side: different people, each pair once, start where the first ends
            within = range(int(self.comparisons.ends[row]), query, self._columns)
            places += [Place(row, column, distractor=False) for column in within]
            places += [Place(row, column, distractor=True) for column in range(0, distractor, self._columns)]
        return places

    def _side(self, place: Place, axis: int) -> int:
        """Rows (axis 0) or columns (axis 1) of a tile."""
        if axis == 0:
            return min(self._rows, len(self.comparisons.query) - place.row)
        others = self.comparisons.distractor if place.distractor else self.comparisons.query
        return min(self._columns, len(others) - place.column)

    def _tile(self, place: Place) -> np.ndarray:
        tile = self._tiles[place]
        if tile is not None:
            return tile
        left = self.comparisons.query[place.row : place.row + self._rows]
        others = self.comparisons.distractor if place.distractor else self.comparisons.query
        right = others[place.column : place.column + self._columns]
        tile = np.matmul(left, right.T, out=self._room(len(left), len(right)))
        with self._lock:
            self.products += 1
        if not place.distractor:
            for row, end in enumerate(self.comparisons.ends[place.row : place.row + self._rows]):
                tile[row, : max(0, end - place.column)] = -np.inf
        if self._held:
            self._tiles[place] = tile
        return tile

    def _room(self, rows: int, columns: int) -> np.ndarray:
        """Memory for a tile: its own where tiles are held, else the thread's, used again."""
        if self._held:
            return np.empty((rows, columns), np.float32)
        if not hasattr(self._buffers, "cells"):
            self._buffers.cells = np.empty(self._rows * self._columns, np.float32)
        return self._buffers.cells[: rows * columns].reshape(rows, columns)


def blas_threads() -> int:
    """How many threads matrix products use at present (`OMP_NUM_THREADS` and the like included)."""
    return max((pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"), default=1)


def in_threads(function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
    """Applies `function` to each task and yields the results in the tasks' order, a bounded number ahead.

    NumPy releases the interpreter in products, comparisons and sorts. As many threads run as a matrix product would
    use, each with products of one thread: what follows a product then runs beside the next one, and a tile's bits do
    not depend on the number of threads.
    """
    workers = blas_threads()
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(workers) as pool:
        ahead: deque = deque()
        for task in tasks:
            ahead.append(pool.submit(function, task))
            if len(ahead) >= 4 * workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
