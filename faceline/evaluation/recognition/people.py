"""Each query person's own comparisons: errors at a threshold, triplets, and whom the person is confused with."""

import threading
from itertools import pairwise

import numpy as np
import pandas as pd

from faceline.evaluation.means.class_means import mean_embeddings
from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.impostors import Place


class PersonStatistics:
    """Counts each query photo's impostor scores, and gives one row a person.

    Args:
        threshold: cosine similarity; without one the two error columns are empty.
    """

    def __init__(self, comparisons: Comparisons, threshold: float | None) -> None:
        self._comparisons = comparisons
        self._threshold = threshold
        photos, pairs = len(comparisons.query), comparisons.genuine
        # the genuine scores of each photo: those of photo i from starts[i] to starts[i + 1]
        anchors = np.concatenate([pairs.row, pairs.other])
        self._partners = np.tile(pairs.score, 2)[np.argsort(anchors, kind="stable")]
        self._starts = np.append(0, np.cumsum(np.bincount(anchors, minlength=photos)))
        self._largest = np.full(photos, -np.inf, np.float32)
        self._matches = np.zeros(photos, np.int64)
        self._below = np.zeros(photos, np.int64)  # pairs (genuine, impostor) in order, twice; ties once
        self._lock = threading.Lock()

    def offer(self, block: np.ndarray, place: Place) -> None:
        """Counts a block; threads may call it at once."""
        self._count(block, place.row)
        if not place.distractor:
            self._count(block.T, place.column)

    def _count(self, block: np.ndarray, first: int) -> None:
        """A block whose rows are the photos from `first` on."""
        ordered = np.array(block, order="C")
        ordered.sort(axis=1)
        hidden = np.count_nonzero(ordered == -np.inf, axis=1)
        below = np.zeros(len(block), np.int64)
        for row, scores in enumerate(ordered):
            own = self._partners[self._starts[first + row] : self._starts[first + row + 1]]
            under = np.searchsorted(scores, own) + np.searchsorted(scores, own, side="right")
            below[row] = under.sum() - 2 * hidden[row] * len(own)
        limit = np.inf if self._threshold is None else self._threshold
        matches = np.count_nonzero(ordered > limit, axis=1)
        rows = slice(first, first + len(block))
        with self._lock:
            self._below[rows] += below
            self._matches[rows] += matches
            np.maximum(self._largest[rows], ordered[:, -1], out=self._largest[rows])

    def table(self) -> pd.DataFrame:
        """One row per query person, in the order of `comparisons.names`.

        Columns: person, photos (with an embedding), failed, genuine_pairs (failed photos included), genuine_mean,
        false_non_matches (pairs not above the threshold), impostor_pairs, impostor_max, false_matches, triplets (sum
        over the person's photos of P(genuine > impostor), ties half; pairs with a failed photo lose).
        """
        compared, measured = self._comparisons, self._threshold is not None
        people = len(compared.names)
        others = len(compared.query) + len(compared.distractor) - compared.photos
        each = others[compared.query_person]
        triplets = np.divide(self._below, 2 * each, out=np.zeros(len(each)), where=each > 0)
        largest = np.full(people, -np.inf)
        np.maximum.at(largest, compared.query_person, self._largest)
        found = np.zeros((people, 1), int)
        if measured:
            found = compared.genuine.counts_above(np.array([self._threshold], np.float32), people)
        ends = np.searchsorted(compared.genuine.person, np.arange(people + 1))
        own = [compared.genuine.score[first:last] for first, last in pairwise(ends)]
        failures = (compared.photos + compared.failed - 1).clip(min=1)
        return pd.DataFrame(
            {
                "person": compared.names,
                "photos": compared.photos,
                "failed": compared.failed,
                "genuine_pairs": compared.positive_pairs_by_person,
                "genuine_mean": [float(scores.mean()) if len(scores) else np.nan for scores in own],
                "false_non_matches": compared.positive_pairs_by_person - found[:, 0] if measured else np.nan,
                "impostor_pairs": compared.photos * others,
                "impostor_max": np.where(np.isfinite(largest), largest, np.nan),
                "false_matches": self._by_person(self._matches).astype(int) if measured else np.nan,
                "triplets": self._by_person(triplets) / failures,
            }
        )

    def _by_person(self, values: np.ndarray) -> np.ndarray:
        return np.bincount(self._comparisons.query_person, values, len(self._comparisons.names))


def triplet_accuracy(statistics: pd.DataFrame) -> float | None:
    """Mean over query anchors of P(genuine > impostor), ties half; None without an anchor that has a partner."""
    anchors = statistics[statistics["genuine_pairs"] > 0]
    count = (anchors["photos"] + anchors["failed"]).sum()
    return float(anchors["triplets"].sum() / count) if count and anchors["impostor_pairs"].sum() else None


def confused_people(comparisons: Comparisons) -> pd.DataFrame:
    """For each query person with an embedding the other person, query or distractor, whose mean is nearest.

    Columns: person, nearest, nearest_role, similarity (cosine of the means), row, nearest_row (the photo of each
    that lies nearest its own mean, as positions in what `Comparisons.of` was given), the most similar first.
    """
    means = mean_embeddings(comparisons.query, comparisons.query_person, len(comparisons.names))
    outside = mean_embeddings(
        comparisons.distractor, comparisons.distractor_person, len(comparisons.distractor_names)
    )
    everybody = np.vstack([means, outside])
    similarity = np.nan_to_num(means @ everybody.T, nan=-np.inf)
    similarity[np.arange(len(means)), np.arange(len(means))] = -np.inf
    nearest = similarity.argmax(axis=1)
    best = similarity.max(axis=1)
    typical = [
        *_typical(comparisons.query, comparisons.query_person, comparisons.query_rows, means),
        *_typical(comparisons.distractor, comparisons.distractor_person, comparisons.distractor_rows, outside),
    ]
    names = [*comparisons.names, *comparisons.distractor_names]
    rows = [
        (
            names[person],
            names[nearest[person]],
            "query" if nearest[person] < len(means) else "distractor",
            best[person],
            typical[person],
            typical[nearest[person]],
        )
        for person in np.argsort(-best, kind="stable")
        if np.isfinite(best[person])
    ]
    return pd.DataFrame(rows, columns=["person", "nearest", "nearest_role", "similarity", "row", "nearest_row"])


def _typical(embeddings: np.ndarray, person: np.ndarray, rows: np.ndarray, means: np.ndarray) -> list[int]:
    """The photo of each person that lies nearest the person's mean; -1 without any."""
    closeness = np.einsum("ij,ij->i", embeddings, means[person])
    typical = np.full(len(means), -1)
    for index in np.argsort(closeness, kind="stable"):
        typical[person[index]] = rows[index]
    return typical.tolist()
