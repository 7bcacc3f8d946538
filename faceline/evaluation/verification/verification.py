"""Verification (1:1) of a set of query people: ID rates, frozen thresholds, AUC and EER, with their intervals.

The impostor scores are passed over twice. The first pass finds exact thresholds, the pairs of people behind the
largest scores, and the curve; the second counts at all thresholds, weighted by resample, and serves further
observers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from faceline.core.errors import FacelineError
from faceline.evaluation.scores.rates import allowed_false_matches
from faceline.evaluation.verification.calibration import Calibration
from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.counts import ImpostorCounts, ResampledCounts
from faceline.evaluation.verification.curve import Curve, curve_thresholds, spread_thresholds
from faceline.evaluation.verification.impostors import ImpostorScores, Observer
from faceline.evaluation.verification.intervals import Resamples, interval
from faceline.evaluation.verification.order_statistics import largest_impostors
from faceline.evaluation.verification.person_pairs import PersonPairLeaders
from faceline.evaluation.verification.rate import MIN_PERSON_PAIRS, Rate, label, too_few

TARGETS = (0.5, 0.2, 0.1, 0.05, 0.01, 0.001)
DEV_TARGETS = (0.1, 0.01)


def id_rates(
    scores: ImpostorScores,
    fprs: Sequence[float],
    seed: int = 1,
    leaders: PersonPairLeaders | None = None,
    observers: Sequence[Observer] = (),
) -> list[Rate]:
    """The ID rate over every comparison, exact at any size: the scores are never sorted as a whole.

    Exact but for what `block_mb` does to the last bits of scores: see `ImpostorScores`.
    The share of genuine pairs strictly above the threshold, where pairs with a failed photo count as misses.

    Args:
        fprs: targets, 0..1.
        seed: of the sample that brackets the thresholds; it changes the time taken, not the result.
        leaders: filled with the pairs of people behind the largest scores, where more is asked of them afterwards.
        observers: shown every impostor score once.

    Raises:
        FacelineError: no genuine or no impostor pairs.
    """
    comparisons = scores.comparisons
    _check(comparisons)
    total, positives = comparisons.negative_pairs, comparisons.positive_pairs
    leaders = leaders or PersonPairLeaders(comparisons, MIN_PERSON_PAIRS)
    ranks = [allowed_false_matches(fpr, total) for fpr in fprs]
    thresholds, _ = largest_impostors(scores, ranks, seed, [leaders, *observers])
    rates = []
    for fpr, threshold in zip(fprs, thresholds.tolist(), strict=True):
        tpr = np.count_nonzero(comparisons.genuine.score > threshold) / positives
        reason = too_few(fpr, total, leaders.count_above(threshold))
        rates.append(Rate(f"tpr_at_fpr_{label(fpr)}", None if reason else tpr, threshold=threshold, reason=reason))
    return rates


def _check(comparisons: Comparisons) -> None:
    total, positives = comparisons.negative_pairs, comparisons.positive_pairs
    if not total or not positives:
        raise FacelineError(f"ID rate of {positives} positive and {total} negative pairs: need both")


@dataclass(frozen=True)
class Measured:
    """What two passes over the impostor scores give.

    Attributes:
        id_rates: one a target.
        curve: error rates by threshold.
        thresholds: (e,) ascending: some of the curve, those of the ID rates, and those asked for.
        impostors: (e,) impostor pairs strictly above each of them.
        genuine: (e,) genuine pairs likewise.
        resamples: rates of every resample at each of them.
        leaders: the pairs of people behind the largest scores.
    """

    id_rates: list[Rate]
    curve: Curve
    thresholds: np.ndarray
    impostors: np.ndarray
    genuine: np.ndarray
    resamples: Resamples
    leaders: PersonPairLeaders


def measure(
    scores: ImpostorScores,
    targets: Sequence[float],
    weights: np.ndarray,
    seed: int = 1,
    frozen: Sequence[float] = (),
    observers: Sequence[Observer] = (),
) -> Measured:
    """Counts everything that is counted of impostor scores.

    Args:
        targets: FPRs of the ID rates.
        weights: (samples, people) how often each query person was drawn in each resample.
        seed: of the samples of scores that place thresholds.
        frozen: further thresholds to count at.
        observers: shown every impostor score once, with the second pass.

    Raises:
        FacelineError: no genuine or no impostor pairs.
    """
    comparisons = scores.comparisons
    leaders = PersonPairLeaders(comparisons, MIN_PERSON_PAIRS)
    _check(comparisons)
    counts = ImpostorCounts(curve_thresholds(scores, seed))
    rates = id_rates(scores, targets, seed, leaders, [counts])
    curve = Curve.of(comparisons, counts.thresholds, counts.above)
    wanted = [*spread_thresholds(curve), *(rate.threshold for rate in rates), *frozen]
    resampled = ResampledCounts(comparisons, np.unique(np.array(wanted, np.float32)), weights)
    scores.show([resampled, *observers])
    genuine = comparisons.genuine.counts_above(resampled.thresholds, len(comparisons.names))
    positives = comparisons.positive_pairs_by_person
    samples = Resamples.of(
        weights, resampled.weighted, genuine, positives, comparisons.photos, len(comparisons.distractor)
    )
    return Measured(rates, curve, resampled.thresholds, resampled.above, genuine.sum(axis=0), samples, leaders)


@dataclass(frozen=True)
class VerificationFigures:
    """Figures and what further figures are made with.

    Attributes:
        rates: in the order of the metric keys.
        numbers: how many comparisons the figures rest on, by metric key.
        curve: error rates by threshold.
    """

    rates: list[Rate]
    numbers: dict[str, int]
    curve: Curve


def verification_figures(
    scores: ImpostorScores,
    calibration: Calibration,
    weights: np.ndarray,
    seed: int,
    observers: Sequence[Observer] = (),
) -> VerificationFigures:
    """Measures the 1:1 figures.

    Args:
        calibration: thresholds of the dev people.
        weights, seed, observers: as in `measure`.
    """
    comparisons = scores.comparisons
    frozen = {target: dev_threshold(calibration, target) for target in DEV_TARGETS}
    known = [threshold for threshold in frozen.values() if threshold is not None]
    measured = measure(scores, TARGETS, weights, seed, known, observers)
    rates = []
    for target, rate in zip(TARGETS, measured.id_rates, strict=True):
        low, high = (None, None) if rate.reason else interval(measured.resamples.tmr_at_fmr(target))
        rates.append(replace(rate, low=low, high=high, threshold=None if rate.reason else rate.threshold))
    for target, threshold in frozen.items():
        rates += _frozen_rates(comparisons, calibration, target, threshold, measured)
    rates.append(Rate("auc", measured.curve.auc, *interval(measured.resamples.auc())))
    rates.append(Rate("eer", measured.curve.eer, *interval(measured.resamples.eer())))
    numbers = {name: getattr(comparisons, name) for name in ("positive_pairs", "negative_pairs", "person_pairs")}
    return VerificationFigures(rates, numbers, measured.curve)


def dev_threshold(calibration: Calibration, target: float) -> float | None:
    """The threshold for an FMR on dev people; None where they are too few for it."""
    return calibration.pairs.threshold(target) if calibration.pairs.supports(target) else None


def _frozen_rates(
    comparisons: Comparisons, calibration: Calibration, target: float, threshold: float | None, measured: Measured
) -> list[Rate]:
    """What share of genuine pairs passes a threshold frozen on dev people, and of impostor pairs."""
    names = [f"{kind}_at_dev_threshold_{label(target)}" for kind in ("tpr", "fpr")]
    if threshold is None:
        reason = f"the {calibration.people} dev people support {calibration.pairs.supported} of FMR"
        return [Rate(name, None, reason=reason) for name in names]
    index = int(np.searchsorted(measured.thresholds, np.float32(threshold)))
    tpr = measured.genuine[index] / comparisons.positive_pairs
    rates = [Rate(names[0], float(tpr), *interval(measured.resamples.tmr[:, index]), threshold=threshold)]
    reason = too_few(target, comparisons.negative_pairs, measured.leaders.count_above(threshold))
    if reason:
        return [*rates, Rate(names[1], None, threshold=threshold, reason=reason)]
    fpr = measured.impostors[index] / comparisons.negative_pairs
    return [*rates, Rate(names[1], float(fpr), *interval(measured.resamples.fmr[:, index]), threshold=threshold)]
