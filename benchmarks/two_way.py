"""Whether a figure differs between two groups of runs, over people and seeds at once; and Holm's correction.

The model is that of studies in which several readers judge the same cases, with people for cases and seeds for
readers. The seeds of two groups are taken for independent, as readers who judge one modality each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

LEVEL = 0.95


@dataclass(frozen=True)
class Runs:
    """A figure of the runs of one group, which differ in their seed.

    Attributes:
        values: (runs,) the figure of each run, 0..1.
        resampled: (samples, runs) the same in resamples of the people: a row is one draw, the same for all groups.
    """

    values: np.ndarray
    resampled: np.ndarray


@dataclass(frozen=True)
class Estimate:
    """A difference of two means over seeds.

    Attributes:
        value: first less second.
        low, high: its 95% interval over people and seeds; None where there is none.
        p: two-sided, of no difference; 0..1, None where there is no interval.
        reason: why there is no interval.
    """

    value: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    reason: str = ""


def compare(first: Runs, second: Runs, people: int) -> Estimate:
    """The difference of two groups' means, with a t interval over people and seeds.

    The variance has a part for the people and one for the seeds of each group (Obuchowski and Rockette 1995):

        V = C + s1^2 / n1 + s2^2 / n2

    s^2 is the variance of a group's values over its n seeds, with the divisor n - 1: a bootstrap over n seeds would
    give (n - 1) / n of it. C is what the draw of people adds that the runs of a group share: the variance of the
    difference over resamples, less what resamples of people move the runs of a group apart, which s^2 has already.
    Both are multiplied by people / (people - 1), for the same reason. C is 0 where it comes out negative (Hillis
    2014, doi 10.1002/sim.5926). The degrees of freedom are Welch's and Satterthwaite's, C with people - 1 and s^2
    with n - 1.

    Args:
        people: how many each resample draws.
    """
    value = float(first.values.mean() - second.values.mean())
    groups = (first, second)
    if min(len(group.values) for group in groups) < 2:
        return Estimate(value, reason="takes two seeds or more of each")
    known = np.isfinite(np.hstack([group.resampled for group in groups])).all(axis=1)
    if known.mean() <= 0.5:
        return Estimate(value, reason="half of the resamples or more have no pairs to count")
    drawn = [group.resampled[known] for group in groups]
    differences = drawn[0].mean(axis=1) - drawn[1].mean(axis=1)
    apart = sum((d - d.mean(axis=0)).var(axis=1, ddof=1).mean() / d.shape[1] for d in drawn)
    of_people = max(differences.var(ddof=1) - apart, 0.0) * people / (people - 1)
    of_seeds = [group.values.var(ddof=1) / len(group.values) for group in groups]
    variance = of_people + sum(of_seeds)
    # what rounding leaves of runs that are all alike is no variance
    if variance < 1e-20:
        return Estimate(value, reason="neither resamples nor seeds differ")
    squares = of_people**2 / (people - 1)
    squares += sum(part**2 / (len(group.values) - 1) for part, group in zip(of_seeds, groups, strict=True))
    student, error = stats.t(variance**2 / squares), math.sqrt(variance)
    reach = float(student.ppf((1 + LEVEL) / 2)) * error
    return Estimate(value, value - reach, value + reach, float(2 * student.sf(abs(value) / error)))


def holm(p: Sequence[float]) -> list[float]:
    """p-values adjusted for their number by Holm's step-down method (1979), 0..1, in the order given.

    Claiming what is under 0.05 claims anything that is not so in at most 5% of all such sets of comparisons.
    """
    values = np.asarray(p, float)
    order = np.argsort(values, kind="stable")
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1)), 1)
    return adjusted.tolist()
