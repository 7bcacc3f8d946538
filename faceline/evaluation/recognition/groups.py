"""Error rates by group at one threshold, frozen on dev people, as ISO/IEC 19795-10 asks.

A pair belongs to a group when both its photos do. Lasting attributes are decided by the majority of a person's
photos, accessories photo by photo. The labels are annotators' impressions, not what people say of themselves.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.impostors import Place
from faceline.evaluation.verification.intervals import Resamples, interval
from faceline.evaluation.verification.person_pairs import pair_codes
from faceline.evaluation.verification.rate import MIN_PERSON_PAIRS, Rate, too_few

LASTING = ("Male", "Young", "Pale_Skin")
MIN_PEOPLE = 10
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


class GroupErrors:
    """Counts the false matches of every group in one pass: a pair of people of a group is a cell of the same scores.

    Args:
        comparisons: of all query people and distractors.
        members: by attribute, what `membership` gives for the query photos and for the distractor photos, both in the
            order that `Comparisons.of` was given them.
        threshold: cosine similarity.
        target: the FMR the threshold was chosen for on dev people; it says how many false matches to expect.
        weights: (samples, people) how often each query person was drawn.
    """

    def __init__(
        self,
        comparisons: Comparisons,
        members: Mapping[str, tuple[np.ndarray, np.ndarray]],
        threshold: float,
        target: float,
        weights: np.ndarray,
    ) -> None:
        weights = weights.astype(float)  # products of whole numbers stay exact, and fast
        self._groups = {
            (attribute, group): _Group(comparisons, query == wanted, distractor == wanted, weights)
            for attribute, (query, distractor) in members.items()
            for group, wanted in GROUPS.items()
        }
        self._threshold, self._target = threshold, target

    def offer(self, block: np.ndarray, place: Place) -> None:
        """Counts a block; threads may call it at once."""
        rows, columns = np.nonzero(block > self._threshold)
        for group in self._groups.values():
            group.add(rows + place.row, columns + place.column, place.distractor)

    def rows(self) -> list[GroupRow]:
        """FMR, FNMR and failures to acquire of those with and without each attribute, and the ratio of the FMRs."""
        rows: list[GroupRow] = []
        for attribute in dict.fromkeys(attribute for attribute, _ in self._groups):
            resampled, own = {}, []
            for name in GROUPS:
                group = self._groups[attribute, name]
                for measure, value, samples, counted, errors, reason in group.measured(self._threshold, self._target):
                    bounds = (None, None) if value is None else interval(samples)
                    sizes = (group.people, group.query_photos, group.distractors)
                    own.append(GroupRow(attribute, name, measure, value, *bounds, counted, errors, *sizes, reason))
                    if measure == "fmr":
                        resampled[name] = samples
            rows += [*own, _ratio(attribute, own, resampled)]
        return rows


class _Group:
    """One group: who is in it, and its false matches.

    Args:
        query, distractor: (n,) bool by photo as given to `Comparisons.of`.
    """

    def __init__(
        self, comparisons: Comparisons, query: np.ndarray, distractor: np.ndarray, weights: np.ndarray
    ) -> None:
        people = len(comparisons.names)
        self._comparisons, self._weights = comparisons, weights
        self._query, self._distractor = query[comparisons.query_rows], distractor[comparisons.distractor_rows]
        self._photos = np.bincount(comparisons.query_person[self._query], minlength=people)
        self._failed = np.bincount(comparisons.failed_person[query[comparisons.failed_rows]], minlength=people)
        self._errors, self._weighted = 0, np.zeros(len(weights))
        self._person_pairs: set[int] = set()
        self._lock = threading.Lock()
        self.people = int((self._photos + self._failed > 0).sum())
        self.query_photos = int(query.sum())
        self.distractors = int(self._distractor.sum())

    def add(self, rows: np.ndarray, columns: np.ndarray, distractor: bool) -> None:
        """Takes false matches of all photos: rows of the query, and of the distractors or the query."""
        keep = self._query[rows] & (self._distractor if distractor else self._query)[columns]
        rows, columns = rows[keep], columns[keep]
        if not len(rows):
            return
        first = self._comparisons.query_person[rows]
        low, high = first.min(), first.max() + 1
        ours = self._weights[:, low:high]
        if distractor:
            weighted = ours @ np.bincount(first - low).astype(float)
        else:
            second = self._comparisons.query_person[columns]
            start, stop = second.min(), second.max() + 1
            cells = np.bincount(
                (first - low) * (stop - start) + second - start, minlength=(high - low) * (stop - start)
            )
            weighted = ((ours @ cells.reshape(high - low, -1).astype(float)) * self._weights[:, start:stop]).sum(
                axis=1
            )
        codes = ()
        if len(self._person_pairs) < MIN_PERSON_PAIRS:
            codes = np.unique(pair_codes(self._comparisons, first, columns, distractor)).tolist()
        with self._lock:
            self._errors += len(rows)
            self._weighted += weighted
            self._person_pairs.update(codes)

    def measured(
        self, threshold: float, target: float
    ) -> Iterator[tuple[str, float | None, np.ndarray, int, int, str]]:
        """Measure, value, resampled values, comparisons, errors and reason."""
        pairs = self._comparisons.genuine
        keep = self._query[pairs.row] & self._query[pairs.other]
        genuine = pairs.counts_above(np.array([threshold], np.float32), len(self._photos), keep)
        photos = self._photos + self._failed
        by_person = photos * (photos - 1) // 2
        samples = Resamples.of(
            self._weights, self._weighted[:, None], genuine, by_person, self._photos, self.distractors
        )
        n = int(self._photos.sum())
        negatives = (n * n - int((self._photos**2).sum())) // 2 + n * self.distractors
        reason = too_few(target, negatives, len(self._person_pairs))
        fmr = None if reason else self._errors / negatives
        yield "fmr", fmr, samples.fmr[:, 0], negatives, self._errors, reason

        positives = int(by_person.sum())
        misses = positives - int(genuine.sum())
        people = int((by_person > 0).sum())
        reason = "" if people >= MIN_PEOPLE else f"genuine pairs of {people} people; {MIN_PEOPLE} are needed"
        fnmr = None if reason else misses / positives
        yield "fnmr", fnmr, 1 - samples.tmr[:, 0], positives, misses, reason

        failed, total = int(self._failed.sum()), int(photos.sum())
        with np.errstate(invalid="ignore", divide="ignore"):
            drawn = (self._weights @ self._failed) / (self._weights @ photos)
        reason = "" if total else "no photos"
        yield "failure_to_acquire", failed / total if total else None, drawn, total, failed, reason


def unmeasured_rows(attribute: str, reason: str) -> list[GroupRow]:
    """The same rows where there is no threshold to measure at."""
    nothing = (None, None, None, 0, 0, 0, 0, 0, reason)
    rows = [GroupRow(attribute, group, measure, *nothing) for group in GROUPS for measure in MEASURES]
    return [*rows, GroupRow(attribute, "worst/best", "fmr_ratio", *nothing)]


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
