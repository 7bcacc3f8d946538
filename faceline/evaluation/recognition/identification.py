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
from faceline.evaluation.verification.intervals import interval
from faceline.evaluation.verification.rate import Rate, label, too_few
from faceline.evaluation.verification.roles import DISTRACTOR, QUERY, rows_of

FPIRS = (0.1, 0.05, 0.01)
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


def open_set(
    mated: Search,
    mated_person: np.ndarray,
    outsiders: Search,
    outsider_person: np.ndarray,
    fpir: float,
    weights: np.ndarray,
) -> OpenSet:
    """TPIR at a stated FPIR.

    Non-mated searches are of two kinds: each mated probe among everybody enrolled but its own person, and each
    outsider (a distractor photo) among all enrolled. A search returns somebody when its best score lies strictly
    above the threshold, the N-th largest (from 0) of n non-mated best scores, N = floor(FPIR * n + 1e-9).

    Args:
        mated: searches of probes whose person is enrolled; failed ones count as not found.
        mated_person: (n,) person codes of those probes.
        outsiders: searches of people who are not enrolled; failed ones are left out.
        outsider_person: (m,) labels of those people.
        fpir: 0..1.
        weights: (samples, people) how often each query person was drawn.
    """
    inside, outside = ~np.isnan(mated.best_other), ~np.isnan(outsiders.best_other)
    scores = np.concatenate([mated.best_other[inside], outsiders.best_other[outside]])
    searcher = [("query", code) for code in mated_person[inside]] + [
        ("outsider", name) for name in outsider_person[outside]
    ]
    if not len(scores):
        return OpenSet(np.nan, np.nan, np.full(len(weights), np.nan), "there are no non-mated searches")
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    threshold = ordered[allowed_false_matches(fpir, len(ordered))]
    found = np.where(mated.rank == 1, mated.own, -np.inf)

    drawn = np.hstack([weights[:, mated_person[inside]], np.ones((len(weights), int(outside.sum())))])[:, order]
    allowed = np.floor(fpir * drawn.sum(axis=1) + 1e-9)
    first_over = np.argmax(drawn.cumsum(axis=1) > allowed[:, None], axis=1)
    hits = found > ordered[first_over][:, None]
    probe_weights = weights[:, mated_person]
    with np.errstate(invalid="ignore"):
        resampled = (hits * probe_weights).sum(axis=1) / probe_weights.sum(axis=1)
    searchers = {searcher[index] for index in order[: np.searchsorted(-ordered, -threshold)]}
    reason = too_few(fpir, len(scores), len(searchers), "false positive identifications", "people")
    return OpenSet(float(np.mean(found > threshold)), float(threshold), resampled, reason)


@dataclass(frozen=True)
class SearchFigures:
    """1:N figures.

    Attributes:
        rates: rank-1, and TPIR at each FPIR.
        cmc: rank, share of probes found within it, low, high.
        gallery_size: people enrolled.
    """

    rates: list[Rate]
    cmc: pd.DataFrame
    gallery_size: int


def search_figures(table: EmbeddingTable, weights: np.ndarray) -> SearchFigures:
    """Closed and open set search of the query people.

    Args:
        table: with the roles query and, if any, distractor.
        weights: (samples, people) how often each query person (ascending labels) was drawn. Resampling draws
            probes by their people; the gallery stays as it is, since its size is part of the figure.
    """
    rows = rows_of(table, QUERY)
    names, person = np.unique(table.rows["person"].to_numpy()[rows], return_inverse=True)
    enrolled = references(table.rows["image_id"].to_numpy()[rows], person)
    gallery = mean_embeddings(table.embeddings[rows[enrolled]], person[enrolled], len(names))
    gallery_size = int((~np.isnan(gallery).any(axis=1)).sum())
    probe_person = person[~enrolled]
    mated = search(table.embeddings[rows[~enrolled]], probe_person, gallery)

    empty = pd.DataFrame(columns=["rank", "rate", "low", "high"])
    if not len(probe_person) or gallery_size < 2:
        reason = f"{len(probe_person)} probes and {gallery_size} people enrolled"
        none = [Rate(name, None, reason=reason) for name in ("rank1", *(f"tpir_at_fpir_{label(f)}" for f in FPIRS))]
        return SearchFigures(none, empty, gallery_size)
    ranks = min(CMC_RANKS, gallery_size)
    cmc = rank_rates(mated.rank, ranks)
    bounds = [interval(column) for column in rank_rates(mated.rank, ranks, weights[:, probe_person]).T]
    rates = [Rate("rank1", float(cmc[0]), *bounds[0])]
    outsiders = rows_of(table, DISTRACTOR)
    found = search(table.embeddings[outsiders], np.full(len(outsiders), -1), gallery)
    labels = table.rows["person"].to_numpy()[outsiders]
    for fpir in FPIRS:
        point = open_set(mated, probe_person, found, labels, fpir, weights)
        name = f"tpir_at_fpir_{label(fpir)}"
        if point.reason:
            rates.append(Rate(name, None, reason=point.reason))
        else:
            rates.append(Rate(name, point.tpir, *interval(point.resampled), threshold=point.threshold))
    lows, highs = zip(*bounds, strict=True)
    cmc_table = pd.DataFrame({"rank": np.arange(1, ranks + 1), "rate": cmc, "low": lows, "high": highs})
    return SearchFigures(rates, cmc_table, gallery_size)
