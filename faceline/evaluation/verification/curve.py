"""1:1 comparison: ROC, DET, AUC and EER from counts at some thousands of thresholds.

FMR is the share of impostor pairs above a threshold, FNMR the share of genuine pairs not above it, where a pair
with a failed photo is never above (so FNMR here is what ISO/IEC 19795-1 calls generalised: failures to acquire
are folded in).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.impostors import ImpostorScores

SAMPLE = 1 << 18
GRID = 4096
OUTSIDE = 1.0001  # beyond any cosine, rounding included
MAX_POINTS = 500


@dataclass(frozen=True)
class Curve:
    """Error rates by threshold.

    Attributes:
        thresholds: (e,) cosine, ascending, from below every score to above every score.
        fmr: (e,) false match rate, from 1 to 0.
        fnmr: (e,) false non-match rate, rising to 1; it starts at the share of pairs with a failed photo.
        impostors, genuine: (e,) pairs strictly above each threshold.
    """

    thresholds: np.ndarray
    fmr: np.ndarray
    fnmr: np.ndarray
    impostors: np.ndarray
    genuine: np.ndarray

    @classmethod
    def of(cls, comparisons: Comparisons, thresholds: np.ndarray, impostors: np.ndarray) -> Curve:
        """From the impostor pairs above each threshold."""
        genuine = comparisons.genuine.counts_above(thresholds, len(comparisons.names)).sum(axis=0)
        fmr, fnmr = impostors / comparisons.negative_pairs, 1 - genuine / comparisons.positive_pairs
        return cls(thresholds, fmr, fnmr, impostors, genuine)

    @property
    def auc(self) -> float:
        """Area under the ROC: the chance that a genuine pair scores above an impostor pair, ties half.

        Scores between two neighbouring thresholds count as tied. With up to 4096 genuine scores each has a cell of
        its own, one float32 step wide, and the area is the Mann-Whitney statistic but for impostors equal to it to
        that step. With more, what the cells between quantiles leave open was below 1e-6 (9,000 and 57,000 genuine
        scores made at random; tests/evaluation/verification/test_curve.py repeats the smaller).
        """
        return float(-np.trapezoid(1 - self.fnmr, self.fmr))

    @property
    def eer(self) -> float:
        """The rate where FMR = FNMR, linear between the two thresholds that enclose it."""
        difference = self.fmr - self.fnmr  # falls
        after = int(np.flatnonzero(difference <= 0)[0])
        before = max(after - 1, 0)
        gap = difference[before] - difference[after]
        part = difference[before] / gap if gap else 0.0
        return float(self.fmr[before] + part * (self.fmr[after] - self.fmr[before]))


def curve_thresholds(scores: ImpostorScores, seed: int = 1) -> np.ndarray:
    """(e,) float32, ascending: quantiles of a sample of impostor scores, a denser tail of them and some above;
    quantiles of all genuine scores, and the values just below those.
    """
    size = min(SAMPLE, 4 * scores.comparisons.negative_pairs)
    impostor = np.sort(scores.sample(size, np.random.default_rng(seed)))
    genuine = np.sort(scores.comparisons.genuine.score)
    tail = len(impostor) - np.geomspace(1, len(impostor), GRID // 8).astype(int)
    ends = np.array([-OUTSIDE, OUTSIDE], np.float32)
    beyond = np.linspace(impostor[-1], max(impostor[-1], *genuine[-1:], 1.0), GRID // 8)
    on = _quantiles(genuine).astype(np.float32)
    # without these a genuine score would be tied with all impostors down to the next lower threshold
    below = np.nextafter(on, np.float32(-np.inf))
    return np.unique(
        np.concatenate([_quantiles(impostor), on, below, impostor[tail], beyond, ends]).astype(np.float32)
    )


def _quantiles(ordered: np.ndarray) -> np.ndarray:
    return ordered[np.linspace(0, len(ordered) - 1, min(GRID, len(ordered))).astype(int)]


def spread_thresholds(of: Curve, count: int = 256) -> np.ndarray:
    """Some thresholds of a curve, evenly spaced in the logarithm of FMR from 1 down to a single false match."""
    negatives = of.impostors[0]
    targets = np.geomspace(1, 0.5 / max(negatives, 1), count)
    nearest = np.searchsorted(-of.fmr, -targets)
    return of.thresholds[np.unique(np.append(np.clip(nearest, 0, len(of.thresholds) - 1), [0, len(of.fmr) - 1]))]


def roc_table(of: Curve) -> pd.DataFrame:
    """fpr, tpr, threshold: at most 500 points, evenly spaced along the curve."""
    keep = _thinned(of.fmr, 1 - of.fnmr)
    return pd.DataFrame({"fpr": of.fmr, "tpr": 1 - of.fnmr, "threshold": of.thresholds}).iloc[keep][::-1]


def det_table(of: Curve) -> pd.DataFrame:
    """fmr, fnmr, and both as normal deviates (probit), where neither is 0 or 1: at most 500 points."""
    inside = (of.fmr > 0) & (of.fmr < 1) & (of.fnmr > 0) & (of.fnmr < 1)
    fmr, fnmr, thresholds = of.fmr[inside], of.fnmr[inside], of.thresholds[inside]
    table = pd.DataFrame(
        {"fmr": fmr, "fnmr": fnmr, "fmr_probit": ndtri(fmr), "fnmr_probit": ndtri(fnmr), "threshold": thresholds}
    )
    return table.iloc[_thinned(ndtri(fmr), ndtri(fnmr))][::-1]


def _thinned(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Positions of at most 500 points at even steps along a curve, the ends among them."""
    if len(x) <= MAX_POINTS:
        return np.arange(len(x))
    length = np.append(0, np.cumsum(np.hypot(np.diff(x), np.diff(y))))
    return np.unique(np.searchsorted(length, np.linspace(0, length[-1], MAX_POINTS)).clip(max=len(x) - 1))


def histogram_table(of: Curve, bins: int = 100) -> pd.DataFrame:
    """Shares of impostor and genuine scores in even bins from the lowest to the highest score.

    Counts between two of the curve's thresholds are spread evenly over the bins they touch.
    """
    present = np.flatnonzero((np.diff(of.impostors) < 0) | (np.diff(of.genuine) < 0))
    low, high = of.thresholds[present[0]], of.thresholds[present[-1] + 1]
    low = max(low, of.thresholds[1]) if present[0] == 0 else low
    edges = np.linspace(low, high, bins + 1)
    shares = {"low": edges[:-1], "high": edges[1:]}
    for name, above in (("impostor", of.impostors), ("genuine", of.genuine)):
        counts = np.interp(edges[:-1], of.thresholds, above) - np.interp(edges[1:], of.thresholds, above)
        shares[name] = counts / max(counts.sum(), 1)
    return pd.DataFrame(shares)
