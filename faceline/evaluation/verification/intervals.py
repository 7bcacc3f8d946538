"""How far the figures would move with other query people: a bootstrap over persons, not pairs.

Pairs share people, so pairs are not independent and resampling them would give intervals far too narrow. A
resample draws as many query people as there are, with replacement. A person drawn w times weighs w: the genuine
pairs of person i count w_i, an impostor pair within the query people w_i * w_j, a pair with a distractor w_i.
Copies of one person are never compared with each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEVEL = 0.95


def person_weights(people: int, samples: int, seed: int) -> np.ndarray:
    """(samples, people) how often each person is drawn; every row sums to `people`."""
    return np.random.default_rng(seed).multinomial(people, np.full(people, 1 / people), size=samples)


def interval(values: np.ndarray, level: float = LEVEL) -> tuple[float | None, float | None]:
    """The middle of resampled values, or nothing where half of them or more could not be computed."""
    values = values[np.isfinite(values)] if np.isfinite(values).sum() > len(values) / 2 else np.empty(0)
    if not len(values):
        return None, None
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@dataclass(frozen=True)
class Resamples:
    """FMR and TMR of every resample at every threshold.

    Attributes:
        fmr, tmr: (samples, e) for ascending thresholds, 0..1; NaN where a resample has no pairs.
    """

    fmr: np.ndarray
    tmr: np.ndarray

    @classmethod
    def of(
        cls,
        weights: np.ndarray,
        impostor: np.ndarray,
        genuine: np.ndarray,
        positive_pairs: np.ndarray,
        photos: np.ndarray,
        distractors: int,
    ) -> Resamples:
        """From counts of scores above thresholds.

        Args:
            weights: (samples, people) from `person_weights`.
            impostor: (samples, e) weighted impostor pairs.
            genuine: (people, e) genuine pairs.
            positive_pairs, photos: (people,) genuine pairs in all, and photos with an embedding.
            distractors: photos of distractors.
        """
        drawn = weights * photos
        pairs = (drawn.sum(axis=1) ** 2 - (drawn**2).sum(axis=1)) / 2 + drawn.sum(axis=1) * distractors
        positives = weights @ positive_pairs
        with np.errstate(invalid="ignore", divide="ignore"):
            return cls(impostor / pairs[:, None], (weights @ genuine) / positives[:, None].astype(float))

    def tmr_at_fmr(self, fmr: float) -> np.ndarray:
        """(samples,) TMR at the threshold that each resample would have chosen.

        Linear between thresholds, so it errs by no more than the TMR's difference between two neighbouring ones.
        """
        return np.array([np.interp(fmr, x[::-1], y[::-1]) for x, y in zip(self.fmr, self.tmr, strict=True)])

    def eer(self) -> np.ndarray:
        """(samples,) the rate where FMR and FNMR meet, linear between thresholds."""
        difference = self.fmr - (1 - self.tmr)  # falls as the threshold rises
        return np.array(
            [np.interp(0, d[::-1], f[::-1]) for d, f in zip(difference, self.fmr, strict=True)]  # ascending
        )

    def auc(self) -> np.ndarray:
        """(samples,) area under the ROC by trapezoids between thresholds."""
        return -np.trapezoid(self.tmr, self.fmr, axis=1)
