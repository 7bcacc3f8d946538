"""Error rates by group at one threshold, frozen on dev people, as ISO/IEC 19795-10 asks.

A pair belongs to a group when both its photos do. Lasting attributes are decided by the majority of a person's
photos, accessories photo by photo. The labels are annotators' impressions, not what people say of themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from faceline.evaluation.bootstrap import interval, resample
from faceline.evaluation.comparisons import Comparisons
from faceline.evaluation.leaders import PersonPairLeaders
from faceline.evaluation.rates import FEWEST_PERSON_PAIRS, Rate, too_few

LASTING = ("Male", "Young", "Pale_Skin")
FEWEST_PEOPLE = 10
GROUPS = {"yes": 1, "no": 0}
MEASURES = ("fmr", "fnmr", "failure_to_acquire")


@dataclass(frozen=True)
class GroupRow:
    """One figure of one group.

    Attributes:
        attribute, group: what and `yes` or `no` (`worst/best` for the ratio of the two).
        measure: `fmr`, `fnmr`, `failure_to_acquire` or `fmr_ratio`.
        value, low, high: the figure and its 95% interval; None where the data cannot give it.
        comparisons, errors: what was counted (photos for `failure_to_acquire`).
        people, photos: query people and photos of the group; distractor_photos: those compared with.
        reason: why there is no value.
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


@dataclass(frozen=True)
class Side:
    """The photos of one role: embeddings (n, dim; NaN where failed), person labels and an attribute (0, 1, NaN)."""

    embeddings: np.ndarray
    persons: np.ndarray
    values: np.ndarray

    def of_group(self, attribute: str, wanted: int) -> Side:
        """Those with (1) or without (0) the attribute."""
        inside = membership(attribute, self.values, self.persons) == wanted
        return Side(self.embeddings[inside], self.persons[inside], self.values[inside])


def membership(attribute: str, values: np.ndarray, persons: np.ndarray) -> np.ndarray:
    """(n,) 1 in the group, 0 outside, NaN unknown.

    Args:
        values: (n,) 0, 1 or NaN by photo.
        persons: (n,) labels; a lasting attribute goes to all photos of a person when more than half of those
            with a value have it.
    """
    values = np.asarray(values, float)
    if attribute not in LASTING:
        return values
    share = pd.Series(values).groupby(np.asarray(persons)).transform("mean").to_numpy()
    return np.where(np.isnan(share), np.nan, (share > 0.5).astype(float))


def group_rows(
    query: Side,
    distractor: Side,
    attribute: str,
    threshold: float,
    target: float,
    weights: np.ndarray,
    block_mb: float = 256,
) -> list[GroupRow]:
    """FMR, FNMR and failures to acquire of those with and without an attribute, and the ratio of the FMRs.

    Args:
        threshold: cosine similarity.
        target: the FMR the threshold was chosen for on dev people; it says how many false matches to expect.
        weights: (samples, people) how often each query person (ascending labels) was drawn.
    """
    rows: list[GroupRow] = []
    resampled: dict[str, np.ndarray] = {}
    names = np.unique(query.persons)
    for group, wanted in GROUPS.items():
        own, others = query.of_group(attribute, wanted), distractor.of_group(attribute, wanted)
        comparisons = Comparisons.of(own.embeddings, own.persons, others.embeddings, others.persons)
        of_group = weights[:, np.searchsorted(names, comparisons.names)]
        sizes = (len(comparisons.names), len(own.persons), len(comparisons.distractor))
        for measure, value, samples, counted, errors, reason in _measured(
            comparisons, threshold, target, of_group, block_mb
        ):
            low, high = (None, None) if value is None else interval(samples)
            rows.append(GroupRow(attribute, group, measure, value, low, high, counted, errors, *sizes, reason))
            if measure == "fmr":
                resampled[group] = samples
    return [*rows, _ratio(attribute, rows, resampled)]


def unmeasured_rows(attribute: str, reason: str) -> list[GroupRow]:
    """The same rows where there is no threshold to measure at."""
    nothing = (None, None, None, 0, 0, 0, 0, 0, reason)
    rows = [GroupRow(attribute, group, measure, *nothing) for group in GROUPS for measure in MEASURES]
    return [*rows, GroupRow(attribute, "worst/best", "fmr_ratio", *nothing)]


def _measured(
    comparisons: Comparisons, threshold: float, target: float, weights: np.ndarray, block_mb: float
) -> Iterator[tuple[str, float | None, np.ndarray, int, int, str]]:
    counts, samples = resample(comparisons, np.array([threshold]), weights, block_mb)
    leaders = PersonPairLeaders(comparisons, FEWEST_PERSON_PAIRS)
    for _ in comparisons.map_impostors(leaders.offer, block_mb):
        pass
    negatives, false_matches = comparisons.negative_pairs, int(counts.impostor[0])
    reason = too_few(target, negatives, leaders.count_above(threshold))
    fmr = None if reason else false_matches / negatives
    yield "fmr", fmr, samples.fmr[:, 0], negatives, false_matches, reason

    positives = comparisons.positive_pairs
    misses = positives - int(counts.genuine.sum())
    people = int((comparisons.positive_pairs_by_person > 0).sum())
    reason = "" if people >= FEWEST_PEOPLE else f"genuine pairs of {people} people; {FEWEST_PEOPLE} are needed"
    fnmr = None if reason else misses / positives
    yield "fnmr", fnmr, 1 - samples.tmr[:, 0], positives, misses, reason

    photos = comparisons.photos + comparisons.failed
    failed, total = int(comparisons.failed.sum()), int(photos.sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = (weights @ comparisons.failed) / (weights @ photos)
    reason = "" if total else "no photos"
    yield "failure_to_acquire", failed / total if total else None, drawn, total, failed, reason


def _ratio(attribute: str, rows: Sequence[GroupRow], resampled: dict[str, np.ndarray]) -> GroupRow:
    """The larger FMR of the two groups over the smaller; its interval keeps which is which."""
    worst, best = sorted((row for row in rows if row.measure == "fmr"), key=lambda row: -(row.value or 0))
    total = (worst.comparisons + best.comparisons, worst.errors + best.errors, worst.people + best.people)
    sizes = (*total, worst.photos + best.photos, worst.distractor_photos + best.distractor_photos)
    if not worst.value or not best.value:
        reason = "; ".join(
            f"{row.group}: {row.reason or 'no false matches'}" for row in (worst, best) if not row.value
        )
        return GroupRow(attribute, "worst/best", "fmr_ratio", None, None, None, *sizes, reason)
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = interval(resampled[worst.group] / resampled[best.group])
    return GroupRow(attribute, "worst/best", "fmr_ratio", worst.value / best.value, low, high, *sizes, "")


def group_rates(rows: Sequence[GroupRow]) -> list[Rate]:
    """Under their metric keys: `fmr_<attribute>_yes`, `fnmr_<attribute>_no`, `fmr_ratio_<attribute>`."""
    rates = []
    for row in rows:
        if row.measure == "failure_to_acquire":  # in the table of groups only
            continue
        suffix = row.attribute if row.measure == "fmr_ratio" else f"{row.attribute}_{row.group}"
        rates.append(Rate(f"{row.measure}_{suffix}", row.value, row.low, row.high, reason=row.reason))
    return rates


def group_table(rows: Sequence[GroupRow]) -> pd.DataFrame:
    return pd.DataFrame([asdict(row) for row in rows], columns=list(GroupRow.__dataclass_fields__))
