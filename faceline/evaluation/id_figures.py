"""The 1:1 figures of a set of query people: ID rates, frozen thresholds, AUC and EER, with their intervals.

The same for faces from annotated boxes and for faces that a detector found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from faceline.evaluation.verification.params import EvaluationParams
from faceline.evaluation.bootstrap import Resamples, interval, person_weights, resample
from faceline.evaluation.calibration import Calibration
from faceline.evaluation.comparisons import Comparisons
from faceline.evaluation.counts import Counts
from faceline.evaluation.leaders import PersonPairLeaders
from faceline.evaluation.operating_points import operating_points
from faceline.evaluation.rates import FEWEST_PERSON_PAIRS, Rate, label, too_few
from faceline.evaluation.verification import Curve, curve, spread_thresholds

TARGETS = (0.5, 0.2, 0.1, 0.05, 0.01, 0.001)
DEV_TARGETS = (0.1, 0.01)
GROUP_TARGET = 0.01


@dataclass(frozen=True)
class IdFigures:
    """Figures and what further figures are made with.

    Attributes:
        rates: in the order of the metric keys.
        curve: error rates by threshold.
        weights: (samples, people) how often each query person was drawn in each resample.
    """

    rates: list[Rate]
    curve: Curve
    weights: np.ndarray

    def numbers(self, comparisons: Comparisons) -> dict[str, int]:
        """How many comparisons the figures rest on, by metric key."""
        return {
            "positive_pairs": comparisons.positive_pairs,
            "negative_pairs": comparisons.negative_pairs,
            "person_pairs": comparisons.person_pairs,
        }


def id_figures(comparisons: Comparisons, calibration: Calibration, evaluation: EvaluationParams) -> IdFigures:
    """Measures the 1:1 figures.

    Args:
        calibration: thresholds of the dev people.
    """
    points = operating_points(comparisons, TARGETS, evaluation.block_mb, evaluation.seed)
    rates_curve = curve(comparisons, evaluation.seed, evaluation.block_mb)
    frozen = {target: dev_threshold(calibration, target) for target in DEV_TARGETS}
    thresholds = [*spread_thresholds(rates_curve), *(point.threshold for point in points)]
    thresholds += [threshold for threshold in frozen.values() if threshold is not None]
    weights = person_weights(len(comparisons.names), evaluation.bootstrap_samples, evaluation.seed)
    counts, samples = resample(comparisons, np.unique(np.array(thresholds, np.float32)), weights, evaluation.block_mb)
    rates = []
    for point in points:
        name = f"tpr_at_fpr_{label(point.fpr)}"
        if point.reason:
            rates.append(Rate(name, None, reason=point.reason))
        else:
            bounds = interval(samples.tmr_at_fmr(point.fpr))
            rates.append(Rate(name, point.tpr, *bounds, threshold=point.threshold))
    leaders = PersonPairLeaders(comparisons, FEWEST_PERSON_PAIRS)
    for _ in comparisons.map_impostors(leaders.offer, evaluation.block_mb):
        pass
    for target, threshold in frozen.items():
        rates += _frozen_rates(comparisons, calibration, target, threshold, counts, samples, leaders)
    rates.append(Rate("auc", rates_curve.auc, *interval(samples.auc())))
    rates.append(Rate("eer", rates_curve.eer, *interval(samples.eer())))
    return IdFigures(rates, rates_curve, weights)


def dev_threshold(calibration: Calibration, target: float) -> float | None:
    """The threshold for an FMR on dev people; None where they are too few for it."""
    return calibration.threshold(target) if calibration.supports(target) else None


def _frozen_rates(
    comparisons: Comparisons,
    calibration: Calibration,
    target: float,
    threshold: float | None,
    counts: Counts,
    samples: Resamples,
    leaders: PersonPairLeaders,
) -> list[Rate]:
    """What share of genuine pairs passes a threshold frozen on dev people, and of impostor pairs."""
    names = [f"{kind}_at_dev_threshold_{label(target)}" for kind in ("tpr", "fpr")]
    if threshold is None:
        reason = f"the {calibration.people} dev people support an FMR of {calibration.smallest_fmr:.3g} or more"
        return [Rate(name, None, reason=reason) for name in names]
    index = int(np.searchsorted(counts.thresholds, np.float32(threshold)))
    tpr = counts.genuine[:, index].sum() / comparisons.positive_pairs
    rates = [Rate(names[0], float(tpr), *interval(samples.tmr[:, index]), threshold=threshold)]
    reason = too_few(target, comparisons.negative_pairs, leaders.count_above(threshold))
    if reason:
        return [*rates, Rate(names[1], None, threshold=threshold, reason=reason)]
    fpr = counts.impostor[index] / comparisons.negative_pairs
    return [*rates, Rate(names[1], float(fpr), *interval(samples.fmr[:, index]), threshold=threshold)]
