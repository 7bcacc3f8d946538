"""Exact order statistics of more scores than fit in memory.

A sample brackets each wanted rank between two values; one pass over all scores counts what lies at or above
every bracket's ends and keeps what lies inside; the rank is then found among what was kept. Should a bracket miss its
rank, or hold more than fits, what was counted gives a new bracket and another pass follows. The answer is
what sorting everything would give, whatever the sample.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from faceline.evaluation.verification.impostors import ImpostorScores, Observer, Place

LOWEST = np.finfo(np.float32).min  # below it only -inf, which stands for "no score here"
SUBDIVISIONS = 1 << 15
SPREAD = 3.5  # standard deviations that a bracket reaches to either side: a miss costs a pass, not the answer
HELD = 1 << 22  # scores that are simply held: 16 MB
KEPT_PER_SAMPLE = 80  # scores that can be kept and sorted in the time that drawing one takes
Tally = tuple[np.ndarray, np.ndarray]
Bracket = tuple[np.float32, np.float32]  # from the first on, to below the second


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

    def map_blocks(visit: Callable[[np.ndarray], Tally]) -> Iterator[Tally]:
        shown, watching[:] = tuple(watching), ()

        def both(block: np.ndarray, place: Place) -> Tally:
            for observer in shown:
                observer.offer(block, place)
            # a tally is many short calls: two threads at them lose more time handing the interpreter to each other
            # than they win, while one and a product run side by side
            with tallying:
                return visit(block)

        return scores.map(both)

    return largest(map_blocks, ranks, sample, total, scores.capacity)


def largest(
    map_blocks: Callable[[Callable[[np.ndarray], Tally]], Iterable[Tally]],
    ranks: Sequence[int],
    sample: np.ndarray,
    total: int,
    capacity: int,
) -> tuple[np.ndarray, np.ndarray]:
    """The scores of the given ranks, counted from 0 at the largest, and how many scores exceed each.

    Args:
        map_blocks: applies a function to every block of float32 scores and yields the results; it is called once
            a pass and must yield the same scores each time. Cells of -inf do not count.
        ranks: each in 0..total-1, in any order.
        sample: some scores, drawn with replacement; none at all means that everything is kept in the first pass.
        total: number of scores, cells of -inf left out.
        capacity: scores that may be kept at a time.

    Returns:
        (len(ranks),) float32 scores and (len(ranks),) int64 numbers of scores strictly larger.
    """
    found: dict[int, tuple[np.float32, int]] = {}
    open_brackets = {rank: _bracket(rank, np.sort(sample)[::-1], total) for rank in set(ranks)}
    while open_brackets:
        edges = _union(open_brackets.values())
        counts, kept, fine_edges, fine_counts = _pass(map_blocks, edges, capacity)
        for rank, (low, high) in list(open_brackets.items()):
            index = int(np.searchsorted(edges, low, side="right")) - 1
            index -= index % 2
            low, high = edges[index], edges[index + 1]
            if rank < counts[index + 1]:
                open_brackets[rank] = (high, np.float32(np.inf))
            elif rank >= counts[index]:
                open_brackets[rank] = (LOWEST, low)
            elif fine_edges is None:
                last = int(np.searchsorted(kept, high))
                score = kept[last - 1 - (rank - counts[index + 1])]
                found[rank] = (score, counts[index + 1] + last - int(np.searchsorted(kept, score, side="right")))
            else:
                low, high, above = _finer(rank - counts[index + 1], low, high, fine_edges, fine_counts)
                open_brackets[rank] = (low, high)
                if np.nextafter(low, np.float32(np.inf)) >= high:
                    found[rank] = (low, counts[index + 1] + above)
            if rank in found:
                del open_brackets[rank]
    scores, above = zip(*(found[rank] for rank in ranks), strict=True)
    return np.array(scores, np.float32), np.array(above, np.int64)


def sample_size(shares: Sequence[float], total: int, capacity: int) -> int:
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
    return flat.take(np.flatnonzero(mask))  # up to three times faster than `flat[mask]`


def _pass(
    map_blocks: Callable[[Callable[[np.ndarray], Tally]], Iterable[Tally]], edges: np.ndarray, capacity: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Counts at the edges and all that lies inside, sorted; where that is too much, counts at finer edges."""
    counts = np.zeros(len(edges), np.int64)
    kept: list[np.ndarray] = []
    held = 0
    fine_edges = fine_counts = None
    for block_counts, inside in map_blocks(lambda scores: tally(scores, edges)):
        counts[::2] += block_counts
        kept.append(inside)
        held += len(inside)
        if held > capacity:
            pool = _sorted(kept)
            if fine_edges is None:
                fine_edges = _subdivided(pool, edges)
                fine_counts = np.zeros(len(fine_edges), np.int64)
            fine_counts += len(pool) - np.searchsorted(pool, fine_edges)
            kept, held = [], 0
    pool = _sorted(kept)
    if fine_edges is None:
        inside_edges = len(pool) - np.searchsorted(pool, edges)
    else:
        fine_counts += len(pool) - np.searchsorted(pool, fine_edges)
        inside_edges = fine_counts[np.searchsorted(fine_edges, edges)]
    # at or above a bracket's end lies what lies at or above its start but not inside
    counts[1::2] = counts[::2] - (inside_edges[::2] - inside_edges[1::2])
    return counts, pool, fine_edges, fine_counts


def _sorted(parts: list[np.ndarray]) -> np.ndarray:
    pool = np.concatenate(parts) if parts else np.empty(0, np.float32)
    parts.clear()
    pool.sort()
    return pool


def _subdivided(pool: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Finer edges where the scores are; a score and its next float both, so that many equal ones stand alone."""
    values = pool[:: max(1, len(pool) // SUBDIVISIONS)]
    return np.unique(np.concatenate([edges, values, np.nextafter(values, np.float32(np.inf))]))


def _finer(
    rank: int, low: np.float32, high: np.float32, fine_edges: np.ndarray, fine_counts: np.ndarray
) -> tuple[np.float32, np.float32, int]:
    """The neighbouring fine edges inside [low, high) that hold a rank counted from `high` down, and the scores
    between them and `high`.
    """
    first, last = np.searchsorted(fine_edges, [low, high])
    above = fine_counts[first : last + 1] - fine_counts[last]  # descending
    index = first + int(np.flatnonzero(above > rank)[-1])
    return fine_edges[index], fine_edges[index + 1], int(above[index + 1 - first])
