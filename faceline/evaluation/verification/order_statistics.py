"""Exact order statistics of more scores than fit in memory.

A sample brackets each wanted rank between two values; one pass over all scores counts what lies at or above
every bracket's start and keeps what lies inside; the rank is then found among what was kept. Should a bracket miss
its rank, or the brackets hold more than fits, two more passes find it by its bits. The answer is what sorting
everything would give, whatever the sample.

Exact is meant of the float32 scores as they were computed. Their last bits depend on the shape of the matrix
products: see `ImpostorScores`.
"""

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

import numpy as np

from faceline.evaluation.verification.impostors import ImpostorScores, Observer, Place

LOWEST = np.finfo(np.float32).min  # below it only -inf, which stands for "no score here"
SPREAD = 3.5  # standard deviations that a bracket reaches to either side: a miss costs two passes, not the answer
HELD = 1 << 22  # scores that are simply held: 16 MB
KEPT_PER_SAMPLE = 80  # scores that can be kept and sorted in the time that drawing one takes
RANKS_A_PASS = 16  # each takes a histogram of half a megabyte
Result = TypeVar("Result")
Tally = tuple[np.ndarray, np.ndarray]
Found = dict[int, tuple[np.float32, int]]  # rank -> score, and the number of scores strictly larger
Bracket = tuple[np.float32, np.float32]  # from the first on, to below the second


class MapBlocks(Protocol):
    """Applies a function to every block of float32 scores, and gives the results."""

    def __call__(self, visit: Callable[[np.ndarray], Result], /) -> Iterable[Result]: ...


def largest_impostors(
    scores: ImpostorScores, ranks: Sequence[int], seed: int = 1, observers: Sequence[Observer] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """The impostor scores of the given ranks, counted from 0 at the largest, and how many scores exceed each.

    Args:
        seed: of the sample that brackets the ranks; it changes the time taken, not the result.
        observers: shown every score once, in the first pass.
    """
    total = scores.comparisons.negative_pairs
    size = sample_size(np.array(ranks) / total, total, scores.capacity)
    sample = scores.sample(size, np.random.default_rng(seed)) if size else np.empty(0, np.float32)
    watching = list(observers)
    tallying = threading.Lock()

    def map_blocks(visit: Callable[[np.ndarray], Result]) -> Iterator[Result]:
        shown, watching[:] = tuple(watching), ()

        def both(block: np.ndarray, place: Place) -> Result:
            for observer in shown:
                observer.offer(block, place)
            # a tally is many short calls: two threads at them lose more time handing the interpreter to each other
            # than they win, while one and a product run side by side
            with tallying:
                return visit(block)

        return scores.map(both)

    return largest(map_blocks, ranks, sample, total, scores.capacity)


def largest(
    map_blocks: MapBlocks, ranks: Sequence[int], sample: np.ndarray, total: int, capacity: int
) -> tuple[np.ndarray, np.ndarray]:
    """The scores of the given ranks, counted from 0 at the largest, and how many scores exceed each.

    Args:
        map_blocks: is called once a pass and must visit the same scores each time. Cells of -inf do not count.
        ranks: each in 0..total-1, in any order.
        sample: some scores, drawn with replacement; none at all means that everything is kept in the first pass.
        total: number of scores, cells of -inf left out.
        capacity: scores that may be kept at a time.

    Returns:
        (len(ranks),) float32 scores and (len(ranks),) int64 numbers of scores strictly larger.
    """
    descending = np.sort(sample)[::-1]
    edges = _union(_bracket(rank, descending, total) for rank in set(ranks))
    counts = np.zeros(len(edges) // 2, np.int64)  # at or above each bracket's start
    kept: list[np.ndarray] = []
    room = capacity
    for above, inside in map_blocks(lambda scores: tally(scores, edges)):
        counts += above
        room -= len(inside)
        kept.append(inside)
        if room < 0:
            kept.clear()
    found = _in_brackets(set(ranks), np.sort(np.concatenate(kept)), edges, counts) if room >= 0 else {}
    missed = sorted(set(ranks) - found.keys())
    for start in range(0, len(missed), RANKS_A_PASS):
        found |= _selected(map_blocks, missed[start : start + RANKS_A_PASS])
    values, larger = zip(*(found[rank] for rank in ranks), strict=True)
    return np.array(values, np.float32), np.array(larger, np.int64)


def _in_brackets(ranks: Iterable[int], pool: np.ndarray, edges: np.ndarray, counts: np.ndarray) -> Found:
    """Those of the ranks that lie in a bracket.

    Args:
        pool: all scores inside the brackets, ascending.
        counts: scores at or above each bracket's start.
    """
    starts, ends = np.searchsorted(pool, edges).reshape(-1, 2).T
    beyond = counts - (ends - starts)  # at or above each bracket's end
    found: Found = {}
    for rank in ranks:
        for index in np.flatnonzero((beyond <= rank) & (rank < counts)):
            score = pool[ends[index] - 1 - (rank - beyond[index])]
            found[rank] = score, int(beyond[index] + ends[index] - np.searchsorted(pool, score, side="right"))
    return found


def _selected(map_blocks: MapBlocks, ranks: Sequence[int]) -> Found:
    """Two passes whatever the scores: by the upper half of their bits, and by the lower half where a rank lies."""

    def keys(scores: np.ndarray) -> np.ndarray:
        bits = (scores.ravel() + np.float32(0)).view(np.int32)  # -0 becomes 0
        return np.where(bits < 0, ~bits, bits | np.int32(-(2**31))).view(np.uint32)

    def place(histogram: np.ndarray, rank: int) -> tuple[int, int]:
        """The bin of a rank, and what lies above the bin."""
        above = histogram[::-1].cumsum()[::-1] - histogram
        index = int(np.flatnonzero(above <= rank)[0])
        return index, int(above[index])

    def lower(scores: np.ndarray) -> list[np.ndarray]:
        low, high = keys(scores) & 0xFFFF, keys(scores) >> 16
        return [np.bincount(low[high == index], minlength=1 << 16) for index in bins]

    counted = map_blocks(lambda scores: np.bincount(keys(scores) >> 16, minlength=1 << 16))
    upper = sum(counted, start=np.zeros(1 << 16, np.int64))
    where = {rank: place(upper, rank) for rank in ranks}
    bins = sorted({index for index, _ in where.values()})
    histograms: dict[int, np.ndarray] = {}
    for parts in map_blocks(lower):
        histograms = {index: histograms.get(index, 0) + part for index, part in zip(bins, parts, strict=True)}
    found: Found = {}
    for rank, (index, above) in where.items():
        low, between = place(histograms[index], rank - above)
        key = np.uint32(index << 16 | low)
        bits = np.uint32(key ^ 0x80000000 if key >> 31 else ~key)
        found[rank] = bits.view(np.float32), above + between
    return found


def sample_size(shares: Iterable[float], total: int, capacity: int) -> int:
    """How large a sample lets the brackets round these shares of `total` scores hold no more than 0.8 of `capacity`,
    and lets sampling take about as long as handling what they hold.

    0 where everything fits without one.
    """
    if total <= min(capacity, HELD):
        return 0
    spread = sum(2 * SPREAD * math.sqrt(share * (1 - share)) for share in shares)
    fitting = (spread * total / (0.8 * capacity)) ** 2
    balanced = (spread * total / KEPT_PER_SAMPLE) ** (2 / 3)
    return int(min(max(fitting, balanced, 1 << 12), 1 << 21))


def _bracket(rank: int, sample: np.ndarray, total: int) -> Bracket:
    expected = rank / total * len(sample)
    reach = SPREAD * math.sqrt(max(expected * (1 - rank / total), 0)) + 8
    above, below = math.floor(expected - reach), math.ceil(expected + reach)
    high = np.nextafter(sample[above], np.float32(np.inf)) if above >= 0 and len(sample) else np.float32(np.inf)
    low = sample[below] if below < len(sample) else LOWEST
    return np.float32(low), np.float32(high)


def _union(brackets: Iterable[Bracket]) -> np.ndarray:
    """Disjoint brackets as one ascending array: start, end, start, end, ..."""
    edges: list[np.float32] = []
    for low, high in sorted(brackets):
        if edges and low <= edges[-1]:
            edges[-1] = max(edges[-1], high)
        else:
            edges += [low, high]
    return np.array(edges, np.float32)


def tally(scores: np.ndarray, edges: np.ndarray) -> Tally:
    """How many scores lie at or above edges 0, 2, 4, ..., and those inside [edge 0, edge 1), [edge 2, edge 3), ..."""
    flat = scores.ravel()
    counts = np.zeros(len(edges) // 2, np.int64)
    inside = np.zeros(flat.size, bool)
    above = np.empty(flat.size, bool)
    for index in range(len(counts)):
        np.greater_equal(flat, edges[2 * index], out=above)
        counts[index] = np.count_nonzero(above)
        if not counts[index]:
            break
        if counts[index] < flat.size // 64:  # few are left: go on with those alone
            np.logical_or(inside, above, out=inside)
            found = _where(flat, inside)
            rare = found >= edges[2 * index]
            counts[index:], rest = tally(found[rare], edges[2 * index :])
            return counts, np.concatenate([found[~rare], rest])
        np.logical_xor(inside, above, out=inside)
        np.greater_equal(flat, edges[2 * index + 1], out=above)
        np.logical_xor(inside, above, out=inside)
    return counts, _where(flat, inside)


def _where(flat: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return flat.take(np.flatnonzero(mask))  # faster than `flat[mask]`
