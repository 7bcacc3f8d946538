"""The table of groups: a row a figure, the ratio of two groups, and which figures become metrics."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from faceline.evaluation.recognition.proportions import Proportion
from faceline.evaluation.verification.intervals import LEVEL, interval
from faceline.evaluation.verification.rate import Rate

GROUPS = {"yes": 1, "no": 0}
MEASURES = ("fmr", "fnmr", "failure_to_acquire")
RATIO, BOTH = "fmr_ratio", "worst/best"
_COUNTS = ("comparisons", "errors", "people", "photos", "distractor_photos")


@dataclass(frozen=True)
class GroupRow:
    """One figure of one group.

    Attributes:
        attribute, group: what and `yes` or `no` (`worst/best` for the ratio of the two).
        measure: `fmr`, `fnmr`, `failure_to_acquire` or `fmr_ratio`.
        value, low, high: the figure and its 95% interval; None without comparisons or threshold. A ratio may have a
            lower end alone.
        comparisons, errors: what was counted (photos for `failure_to_acquire`).
        people, photos: query people and photos of the group; distractor_photos: those compared with.
        reason: why there is no value, or why it rests on too little to stand among the metrics.
    """

    attribute: str
    group: str
    measure: str
    value: float | None
    low: float | None
    high: float | None
    comparisons: int
    errors: int
    people: int
    photos: int
    distractor_photos: int
    reason: str


def unmeasured_rows(attributes: Iterable[str], reason: str) -> list[GroupRow]:
    """The same rows where there is no threshold to measure at."""
    names = [*((group, measure) for group in GROUPS for measure in MEASURES), (BOTH, RATIO)]
    return [
        GroupRow(attribute, group, measure, None, None, None, 0, 0, 0, 0, 0, reason)
        for attribute in attributes
        for group, measure in names
    ]


def ratio_row(fmrs: Sequence[tuple[GroupRow, Proportion]]) -> GroupRow:
    """The larger FMR of an attribute's two groups over the smaller; its interval keeps which is which.

    Where both rest on enough: the middle of the resampled ratios. Else the larger FMR's lower end over the smaller's
    upper end, and the other way round; each of the two FMRs then has an interval of 97.5%, so that both hold together
    with 95% or more (Bonferroni). There is no upper end where the smaller may be 0, and no value where it is.
    """
    (worst, larger), (best, smaller) = sorted(fmrs, key=lambda one: -(one[0].value or 0))
    sums = {name: getattr(worst, name) + getattr(best, name) for name in _COUNTS}
    reasons = [f"{row.group}: {row.reason}" for row, _ in fmrs if row.reason]
    value = worst.value / best.value if worst.value and best.value else None
    if not reasons:
        with np.errstate(invalid="ignore", divide="ignore"):
            low, high = interval(larger.resampled / smaller.resampled)
    else:
        each = 1 - (1 - LEVEL) / 2
        above, below = larger.interval(each), smaller.interval(each)
        low, high = _over(above[0], below[1]), _over(above[1], below[0])
        compared = worst.comparisons and best.comparisons
        if compared and not worst.errors:
            low = None
            reasons.append("no ratio: no false matches in either group")
        elif compared and high is None:
            reasons.append("no upper end: the better group's rate may be 0")
    return GroupRow(worst.attribute, BOTH, RATIO, value, low, high, reason="; ".join(reasons), **sums)


def _over(end: float | None, other: float | None) -> float | None:
    return end / other if end is not None and other else None


def group_rates(rows: Sequence[GroupRow]) -> list[Rate]:
    """Under their metric keys: `fmr_<attribute>_yes`, `fnmr_<attribute>_no`, `fmr_ratio_<attribute>`.

    A figure that rests on too little has no value here: two runs are compared by the metrics, and chance would look
    like a difference. It stands in the table of groups, with what was counted.
    """
    rates = []
    for row in rows:
        if row.measure == "failure_to_acquire":  # in the table of groups only
            continue
        suffix = row.attribute if row.measure == RATIO else f"{row.attribute}_{row.group}"
        figure = (None, None, None) if row.reason else (row.value, row.low, row.high)
        rates.append(Rate(f"{row.measure}_{suffix}", *figure, reason=row.reason))
    return rates


def group_table(rows: Sequence[GroupRow]) -> pd.DataFrame:
    return pd.DataFrame([asdict(row) for row in rows], columns=list(GroupRow.__dataclass_fields__))
