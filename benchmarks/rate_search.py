"""A search among factors of a learning rate that widens while the best is the lowest or the highest tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

START = (0.5, 1.0, 2.0)
STEP = 2.0
LOWEST, HIGHEST = 1 / 16, 16.0

# compared as tuples are: the second figure decides where the first is the same
Score = tuple[float, ...]


@dataclass(frozen=True)
class RateSearch:
    """What was tried, and what came of it.

    Attributes:
        scores: by factor, ascending; None where training failed.
        best: the factor of the highest score, the larger one of two that are level; None where all failed.
        at_limit: the best is the lowest or the highest factor that the search may try: a better one may lie beyond.
    """

    scores: Mapping[float, Score | None]
    best: float | None
    at_limit: bool


def search(score: Callable[[float], Score | None]) -> RateSearch:
    """Tries half, once and twice the rate, and further by factors of 2, to a sixteenth and to 16 times at most.

    A factor that fails counts as tried, so the search does not go beyond it.

    Args:
        score: of a factor; None where training fails with it.
    """
    scores = {factor: score(factor) for factor in START}
    while (beyond := _beyond(scores)) is not None and LOWEST <= beyond <= HIGHEST:
        scores[beyond] = score(beyond)
    return RateSearch(dict(sorted(scores.items())), _best(scores), beyond is not None)


def _best(scores: Mapping[float, Score | None]) -> float | None:
    trained = {factor: one for factor, one in scores.items() if one is not None}
    return max(trained, key=lambda factor: (trained[factor], factor), default=None)


def _beyond(scores: Mapping[float, Score | None]) -> float | None:
    """The factor beyond the best, where the best is the lowest or the highest tried."""
    best = _best(scores)
    if best == min(scores):
        return best / STEP
    return best * STEP if best == max(scores) else None
