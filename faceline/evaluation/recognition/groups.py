"""Error rates by group at one threshold, frozen on dev people, as ISO/IEC 19795-10 asks.

A pair belongs to a group when both its photos do. Lasting attributes are decided by the majority of a person's
photos, accessories photo by photo. Of an attribute that is known of no query photo there are no groups.
"""

import threading
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from faceline.evaluation.recognition.group_rows import GROUPS, GroupRow, ratio_row
from faceline.evaluation.recognition.proportions import MIN_CLUSTERS, Proportion, equal_clusters
from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.impostors import Place
from faceline.evaluation.verification.intervals import Resamples
from faceline.evaluation.verification.person_pairs import pair_codes
from faceline.evaluation.verification.rate import MIN_PERSON_PAIRS, too_few

LASTING = ("Male", "Young", "Pale_Skin")

Members = Mapping[str, tuple[np.ndarray, np.ndarray]]  # attribute -> membership of query and of distractor photos


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


def known(members: Members) -> Members:
    """Those attributes that are known of some query photo."""
    return {name: sides for name, sides in members.items() if not np.isnan(sides[0]).all()}


class GroupErrors:
    """Counts the false matches of every group in one pass: a pair of people of a group is a cell of the same scores.

    Args:
        comparisons: of all query people and distractors.
        members: photos in the order that `Comparisons.of` was given them.
        threshold: cosine similarity.
        target: the FMR the threshold was chosen for on dev people; it says how many false matches to expect.
        weights: (samples, people) how often each query person was drawn.
    """

    def __init__(
        self, comparisons: Comparisons, members: Members, threshold: float, target: float, weights: np.ndarray
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
            fmrs = []
            for name in GROUPS:
                group = self._groups[attribute, name]
                sizes = (group.people, group.query_photos, group.distractors)
                for measure, share, reason in group.measured(self._threshold, self._target):
                    counts = (share.comparisons, share.errors, *sizes)
                    row = GroupRow(attribute, name, measure, share.value, *share.interval(), *counts, reason)
                    rows.append(row)
                    if measure == "fmr":
                        fmrs.append((row, share))
            rows.append(ratio_row(fmrs))
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

    def measured(self, threshold: float, target: float) -> Iterator[tuple[str, Proportion, str]]:
        """Measure, errors among comparisons, and why they are too few."""
        pairs = self._comparisons.genuine
        keep = self._query[pairs.row] & self._query[pairs.other]
        genuine = pairs.counts_above(np.array([threshold], np.float32), len(self._photos), keep)
        photos = self._photos + self._failed
        by_person = photos * (photos - 1) // 2
        samples = Resamples.of(
            self._weights, self._weighted[:, None], genuine, by_person, self._photos, self.distractors
        )
        negatives, clusters = self._impostor_pairs()
        erring, people = len(self._person_pairs), int((self._photos > 0).sum())
        fmr = Proportion(self._errors, negatives, people, erring, clusters, samples.fmr[:, 0])
        yield "fmr", fmr, too_few(target, negatives, erring) if negatives else "no comparisons"

        fnmr = _by_person(by_person - genuine[:, 0], by_person, 1 - samples.tmr[:, 0])
        yield "fnmr", fnmr, _few_people(fnmr.people)

        with np.errstate(invalid="ignore", divide="ignore"):
            drawn = (self._weights @ self._failed) / (self._weights @ photos)
        failures = _by_person(self._failed, photos, drawn)
        yield "failure_to_acquire", failures, "" if failures.comparisons else "no photos"

    def _impostor_pairs(self) -> tuple[int, float]:
        """Comparisons of different people, and how many pairs of people with equally many they are worth."""
        own = self._photos.astype(float)
        others = np.bincount(self._comparisons.distractor_person[self._distractor]).astype(float)
        total = _over_pairs(own, others)
        return int(total), equal_clusters(total, _over_pairs(own**2, others**2))


def _over_pairs(own: np.ndarray, others: np.ndarray) -> float:
    """The product of two people's numbers, summed over pairs of query people and of one with a distractor."""
    return float((own.sum() ** 2 - (own**2).sum()) / 2 + own.sum() * others.sum())


def _by_person(errors: np.ndarray, comparisons: np.ndarray, resampled: np.ndarray) -> Proportion:
    """From (people,) counts, where each person is a cluster."""
    total = int(comparisons.sum())
    clusters = equal_clusters(total, float((comparisons.astype(float) ** 2).sum()))
    people, erring = (int((counts > 0).sum()) for counts in (comparisons, errors))
    return Proportion(int(errors.sum()), total, people, erring, clusters, resampled)


def _few_people(people: int) -> str:
    return "" if people >= MIN_CLUSTERS else f"genuine pairs of {people} people; {MIN_CLUSTERS} are needed"
