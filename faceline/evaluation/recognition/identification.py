"""Identification (1:N): closed set (rank-1, CMC) and open set (TPIR at a stated FPIR), with their intervals.

Both enrol each query person by the mean of its reference embeddings, brought back to unit length. The references
are the first half of the person's photos by SHA-256 of the image id, so the split hangs on nothing but names; the
probes are the rest. A failed reference is left out, a failed probe finds nobody, and a person all of whose
references failed is not enrolled, so that none of its probes can be found.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from faceline.evaluation.embeddings.table import EmbeddingTable
from faceline.evaluation.means.class_means import Search, mean_embeddings, search
from faceline.evaluation.scores.rates import allowed_false_matches
from faceline.evaluation.verification.calibration import Calibration, fmr_for_fpir
from faceline.evaluation.verification.intervals import interval
from faceline.evaluation.verification.rate import Rate, label, too_few
from faceline.evaluation.verification.roles import DISTRACTOR, QUERY, rows_of

FPIRS = (0.1, 0.05, 0.01)
DEV_FPIRS = (0.1, 0.01)
NO_SEARCHES = "there are no non-mated searches"
CMC_RANKS = 10


def references(image_ids: Sequence[str], persons: np.ndarray) -> np.ndarray:
    """(n,) bool: the half of each person's photos (rounded down, at least one) that is enrolled."""
    digests = np.array([hashlib.sha256(str(image_id).encode()).hexdigest() for image_id in image_ids])
    chosen = np.zeros(len(persons), bool)
    for person in np.unique(persons):
        own = np.flatnonzero(persons == person)
        own = own[np.argsort(digests[own])]
        chosen[own[: max(1, len(own) // 2)]] = True
    return chosen


def rank_rates(rank: np.ndarray, most: int, weights: np.ndarray | None = None) -> np.ndarray:
    """(most,) share of probes whose own person is within the first 1..most: the CMC.

    Args:
        rank: (n,) from `search`; 0 counts as never found.
        weights: (n,) or (samples, n) how often each probe counts; the result is then (samples, most).
    """
    found = (rank[:, None] > 0) & (rank[:, None] <= np.arange(1, most + 1))
    if weights is None:
        return found.mean(axis=0)
    with np.errstate(invalid="ignore"):
        return (weights @ found) / weights.sum(axis=-1, keepdims=True)


@dataclass(frozen=True)
class OpenSet:
    """TPIR at one FPIR.

    Attributes:
        tpir: share of mated probes that find their own person first and strictly above the threshold.
        threshold: cosine similarity at which at most the stated share of non-mated searches finds anybody.
        resampled: (samples,) TPIR with resampled query people, the gallery left as it is.
        reason: why the figure is worth nothing, or an empty string.
    """

    tpir: float
    threshold: float
    resampled: np.ndarray
    reason: str


class Searches:
    """The mated and the non-mated searches of one gallery.

    Non-mated are two kinds: each mated probe among everybody enrolled but its own person, and each outsider (a
    distractor photo) among all enrolled.

    Attributes:
        found: (n,) similarity at which a mated probe finds its own person first; -inf where it does not.
        probe_weights: (samples, n) how often each counts in each resample.
        non_mated: (m,) the best score of each non-mated search; failed probes are left out.
        non_mated_weights: (samples, m) likewise.
    """

    def __init__(
        self,
        mated: Search,
        mated_person: np.ndarray,
        outsiders: Search,
        outsider_person: np.ndarray,
        weights: np.ndarray,
    ) -> None:
        """Pools the searches.

        Args:
            mated: of probes whose person is enrolled; failed ones count as not found.
            mated_person: (n,) person codes of those probes.
            outsiders: of people who are not enrolled.
            outsider_person: (k,) labels of those people.
            weights: (samples, people) how often each query person was drawn; outsiders always count once.
        """
        inside, outside = ~np.isnan(mated.best_other), ~np.isnan(outsiders.best_other)
        self.found = np.where(mated.rank == 1, mated.own, -np.inf)
        self.probe_weights = weights[:, mated_person]
        self.non_mated = np.concatenate([mated.best_other[inside], outsiders.best_other[outside]])
        once = np.ones((len(weights), int(outside.sum())))
        self.non_mated_weights = np.hstack([weights[:, mated_person[inside]], once])
        self._searcher = [("query", code) for code in mated_person[inside]]
        self._searcher += [("outsider", name) for name in outsider_person[outside]]

    def too_few_above(self, threshold: float, fpir: float) -> str:
        """Why a rate at this FPIR is worth nothing, or an empty string."""
        searchers = {self._searcher[index] for index in np.flatnonzero(self.non_mated > threshold)}
        return too_few(fpir, len(self.non_mated), len(searchers), "false positive identifications", "people")


def open_set(searches: Searches, fpir: float) -> OpenSet:
    """TPIR at a stated FPIR.


    A search returns somebody when its best score lies strictly above the threshold, the N-th largest (from 0) of n
    non-mated best scores, N = floor(FPIR * n + 1e-9).

    Args:
        fpir: 0..1.
    """
    scores = searches.non_mated
    if not len(scores):
        return OpenSet(np.nan, np.nan, np.full(len(searches.probe_weights), np.nan), NO_SEARCHES)
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    threshold = ordered[allowed_false_matches(fpir, len(ordered))]

    drawn = searches.non_mated_weights[:, order]
    allowed = np.floor(fpir * drawn.sum(axis=1) + 1e-9)
    first_over = np.argmax(drawn.cumsum(axis=1) > allowed[:, None], axis=1)
    resampled = weighted_mean(searches.found > ordered[first_over][:, None], searches.probe_weights)
    reason = searches.too_few_above(threshold, fpir)
    return OpenSet(float(np.mean(searches.found > threshold)), float(threshold), resampled, reason)


def frozen_rates(searches: Searches, fpir: float) -> list[Rate]:
    """At thresholds frozen for an FPIR: what share of non-mated searches finds anybody, and of mated their person.

    Args:
        searches: made with each enrolled person's threshold taken off the scores.
        fpir: what the thresholds were made for.
    """
    names = _frozen_names(fpir)
    false, found = searches.non_mated > 0, searches.found > 0
    reason = searches.too_few_above(0.0, fpir) if len(false) else NO_SEARCHES
    bounds = interval(weighted_mean(false, searches.non_mated_weights)) if not reason else (None, None)
    return [
        Rate(names[0], None if reason else float(false.mean()), *bounds, reason=reason),
        Rate(names[1], float(found.mean()), *interval(weighted_mean(found, searches.probe_weights))),
    ]


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(samples,) means of (n,) or (samples, n) values in each resample; `weights` is (samples, n)."""
    with np.errstate(invalid="ignore"):
        return (values * weights).sum(axis=1) / weights.sum(axis=1)


@dataclass(frozen=True)
class SearchFigures:
    """1:N figures.

    Attributes:
        rates: rank-1, TPIR at each FPIR, and what thresholds frozen on dev people reach.
        cmc: rank, share of probes found within it, low, high.
        gallery_size: people enrolled.
    """

    rates: list[Rate]
    cmc: pd.DataFrame
    gallery_size: int


class _QueryGallery:
    """The query people, enrolled by their references, and all who search: their probes, and the distractors."""

    def __init__(self, table: EmbeddingTable, weights: np.ndarray) -> None:
        rows = rows_of(table, QUERY)
        names, person = np.unique(table.rows["person"].to_numpy()[rows], return_inverse=True)
        enrolled = references(table.rows["image_id"].to_numpy()[rows], person)
        outsiders = rows_of(table, DISTRACTOR)
        self._means = mean_embeddings(table.embeddings[rows[enrolled]], person[enrolled], len(names))
        self._probes = table.embeddings[rows[~enrolled]]
        self._outsiders = table.embeddings[outsiders]
        self._outsider_person = table.rows["person"].to_numpy()[outsiders]
        self._weights = weights
        self.probe_person = person[~enrolled]
        self.photos = np.bincount(person[enrolled & table.ok[rows]], minlength=len(names))
        self.size = int((self.photos > 0).sum())
        probes = len(self.probe_person)
        self.too_small = f"{probes} probes and {self.size} people enrolled" if not probes or self.size < 2 else ""

    def mated(self, thresholds: np.ndarray | None = None) -> Search:
        return search(self._probes, self.probe_person, self._means, thresholds)

    def searches(self, thresholds: np.ndarray | None = None) -> Searches:
        nobody = np.full(len(self._outsiders), -1)
        outside = search(self._outsiders, nobody, self._means, thresholds)
        return Searches(self.mated(thresholds), self.probe_person, outside, self._outsider_person, self._weights)


def search_figures(table: EmbeddingTable, calibration: Calibration, weights: np.ndarray) -> SearchFigures:
    """Closed and open set search of the query people.

    Args:
        table: with the roles query and, if any, distractor.
        calibration: thresholds of the dev people.
        weights: (samples, people) how often each query person (ascending labels) was drawn. Resampling draws
            probes by their people; the gallery stays as it is, since its size is part of the figure.
    """
    gallery = _QueryGallery(table, weights)
    if gallery.too_small:
        names = ["rank1", *(f"tpir_at_fpir_{label(fpir)}" for fpir in FPIRS)]
        names += [name for fpir in DEV_FPIRS for name in _frozen_names(fpir)]
        empty = pd.DataFrame(columns=["rank", "rate", "low", "high"])
        return SearchFigures([Rate(name, None, reason=gallery.too_small) for name in names], empty, gallery.size)
    ranks = min(CMC_RANKS, gallery.size)
    rank = gallery.mated().rank
    cmc = rank_rates(rank, ranks)
    bounds = [interval(column) for column in rank_rates(rank, ranks, weights[:, gallery.probe_person]).T]
    rates = [Rate("rank1", float(cmc[0]), *bounds[0])]
    searches = gallery.searches()
    for fpir in FPIRS:
        point = open_set(searches, fpir)
        name = f"tpir_at_fpir_{label(fpir)}"
        if point.reason:
            rates.append(Rate(name, None, reason=point.reason))
        else:
            rates.append(Rate(name, point.tpir, *interval(point.resampled), threshold=point.threshold))
    for fpir in DEV_FPIRS:
        rates += _at_dev_thresholds(gallery, calibration, fpir)
    lows, highs = zip(*bounds, strict=True)
    cmc_table = pd.DataFrame({"rank": np.arange(1, ranks + 1), "rate": cmc, "low": lows, "high": highs})
    return SearchFigures(rates, cmc_table, gallery.size)


def query_open_set(table: EmbeddingTable, fpir: float, weights: np.ndarray) -> OpenSet:
    """TPIR of the query people, enrolled as in `search_figures`, at a stated FPIR.

    Args:
        table, weights: as for `search_figures`.
        fpir: 0..1.
    """
    gallery = _QueryGallery(table, weights)
    if gallery.too_small:
        return OpenSet(np.nan, np.nan, np.full(len(weights), np.nan), gallery.too_small)
    return open_set(gallery.searches(), fpir)


def _at_dev_thresholds(gallery: _QueryGallery, calibration: Calibration, fpir: float) -> list[Rate]:
    fmr = fmr_for_fpir(fpir, gallery.size)
    enrolled = gallery.photos[gallery.photos > 0].tolist()
    if not calibration.supports(fmr, enrolled):
        tails = [calibration.tail(count) for count in {*enrolled}] or [calibration.pairs]
        supported = max(tails, key=lambda tail: tail.smallest_fmr).supported
        reason = f"takes an FMR of {fmr:.3g}, the {calibration.people} dev people support {supported}"
        return [Rate(name, None, reason=reason) for name in _frozen_names(fpir)]
    thresholds = [calibration.tail(max(1, count)).threshold(fmr) for count in gallery.photos.tolist()]
    return frozen_rates(gallery.searches(np.array(thresholds)), fpir)


def _frozen_names(fpir: float) -> list[str]:
    return [f"{kind}_at_dev_threshold_{label(fpir)}" for kind in ("fpir", "tpir")]
