"""The ID rate at any size: exact thresholds among more scores than fit in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from faceline.core.errors import FacelineError
from faceline.evaluation.comparisons import Comparisons
from faceline.evaluation.id_rate import allowed_false_matches
from faceline.evaluation.leaders import PersonPairLeaders
from faceline.evaluation.rates import FEWEST_PERSON_PAIRS, too_few
from faceline.evaluation.selection import largest, sample_size


@dataclass(frozen=True)
class OperatingPoint:
    """The ID rate at one target.

    Attributes:
        fpr: the target, 0..1.
        threshold: cosine similarity.
        tpr: share of genuine pairs strictly above it; pairs with a failed photo count among them, as misses.
        false_matches: impostor pairs strictly above it.
        reason: why the figure is worth nothing, or an empty string.
    """

    fpr: float
    threshold: float
    tpr: float
    false_matches: int
    reason: str


def operating_points(
    comparisons: Comparisons, fprs: Sequence[float], block_mb: float = 256, seed: int = 1
) -> list[OperatingPoint]:
    """The ID rate over every comparison, exact at any size: the scores are never held, nor sorted as a whole.

    Args:
        fprs: targets, 0..1.
        block_mb: MB of scores held at a time.
        seed: of the sample that brackets the thresholds; it changes the time taken, not the result.

    Raises:
        FacelineError: no positives or no negatives.
    """
    total, positives = comparisons.negative_pairs, comparisons.positive_pairs
    if not total or not positives:
        raise FacelineError(f"ID rate of {positives} positive and {total} negative pairs: need both")
    capacity = max(1, int(block_mb * 2**20 / 4))
    ranks = [allowed_false_matches(fpr, total) for fpr in fprs]
    size = sample_size(fprs, total, capacity)
    sample = comparisons.sample_impostors(size, np.random.default_rng(seed)) if size else np.empty(0, np.float32)
    leaders = PersonPairLeaders(comparisons, FEWEST_PERSON_PAIRS)
    thresholds, false_matches = largest(leaders.watching(block_mb), ranks, sample, total, capacity)
    hits = sum(np.array([np.count_nonzero(own > t) for t in thresholds]) for _, own in comparisons.genuine())
    points = []
    for fpr, threshold, hit, false in zip(fprs, thresholds, hits, false_matches, strict=True):
        reason = too_few(fpr, total, leaders.count_above(threshold))
        points.append(OperatingPoint(fpr, float(threshold), float(hit / positives), int(false), reason))
    return points
