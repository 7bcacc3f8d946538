"""A share of errors and its interval, also where the errors are few, or none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import beta

from faceline.evaluation.verification.intervals import LEVEL, interval

MIN_CLUSTERS = 10  # people, and clusters with errors, from which on a bootstrap is trusted


@dataclass(frozen=True)
class Proportion:
    """Errors among comparisons that come in clusters: those of one pair of people, or of one person.

    Attributes:
        errors, comparisons: counts.
        people: how many people were resampled.
        erring: how many different clusters the errors come from; need not be counted beyond `MIN_CLUSTERS`.
        clusters: how many clusters of equal size the comparisons are worth, from `equal_clusters`.
        resampled: (samples,) the share in each resample of people.
    """

    errors: int
    comparisons: int
    people: int
    erring: int
    clusters: float
    resampled: np.ndarray

    @property
    def value(self) -> float | None:
        """The share, 0..1; None without any comparison."""
        return self.errors / self.comparisons if self.comparisons else None

    def interval(self, level: float = LEVEL) -> tuple[float | None, float | None]:
        """The ends of its interval, 0..1; None without any comparison.

        From ten people and errors in ten clusters on: the middle of the resampled shares. A resample holds no error
        that was not seen, so below that it is the interval of Clopper and Pearson (Biometrika 26, 1934) for the share
        of an effective number of comparisons, as Korn and Graubard use it for surveys (Survey Methodology 24, 1998).
        Its lower end is 0 where the errors are worth less than a single independent one.
        """
        if not self.comparisons:
            return None, None
        if min(self.people, self.erring) >= MIN_CLUSTERS and self.errors < self.comparisons:
            return interval(self.resampled, level)
        total = self.effective_comparisons
        errors = total * self.errors / self.comparisons
        tail = (1 - level) / 2
        low = float(beta.ppf(tail, errors, total - errors + 1)) if errors >= 1 else 0.0
        high = float(beta.ppf(1 - tail, errors + 1, total - errors)) if self.errors < self.comparisons else 1.0
        return low, high

    @property
    def effective_comparisons(self) -> float:
        """How many independent comparisons would tell as much.

        So many that a binomial share has the variance of the resampled ones, p (1 - p) / variance, and never more
        than there are clusters, since the comparisons of a cluster may all err together. Without errors there is no
        variance to be seen: clusters then count as independent, although pairs of people share people.
        """
        resampled = self.resampled[np.isfinite(self.resampled)]
        variance = float(resampled.var()) if len(resampled) else 0.0
        share = self.errors / self.comparisons
        return min(self.clusters, share * (1 - share) / variance) if variance else self.clusters


def equal_clusters(total: float, squares: float) -> float:
    """How many clusters of equal size tell as much as these of unequal sizes (Kish, Survey Sampling, 1965).

    Args:
        total: sum of the sizes.
        squares: sum of their squares.
    """
    return total**2 / squares if squares else 0.0
