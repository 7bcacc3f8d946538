"""1:N search: closed set (rank-1, CMC) and open set (TPIR at a stated FPIR).

Both enrol each query person by the mean of its reference embeddings, brought back to unit length. The references
are the first half of the person's photos by SHA-256 of the image id, so the split hangs on nothing but names; the
probes are the rest. A failed reference is left out, a failed probe finds nobody, and a person all of whose
references failed is not enrolled, so that none of its probes can be found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from faceline.evaluation.id_rate import allowed_false_matches
from faceline.evaluation.rates import too_few

ROWS = 4096


def references(image_ids: Sequence[str], persons: np.ndarray) -> np.ndarray:
    """(n,) bool: the half of each person's photos (rounded down, at least one) that is enrolled."""
    digests = np.array([hashlib.sha256(str(image_id).encode()).hexdigest() for image_id in image_ids])
    chosen = np.zeros(len(persons), bool)
    for person in np.unique(persons):
        own = np.flatnonzero(persons == person)
        own = own[np.argsort(digests[own])]
        chosen[own[: max(1, len(own) // 2)]] = True
    return chosen


def mean_embeddings(embeddings: np.ndarray, person: np.ndarray, people: int) -> np.ndarray:
    """(people, dim) unit means of each person's embeddings; NaN for a person without any.

    Args:
        embeddings: (n, dim), rows of NaN are left out.
        person: (n,) codes, 0..people-1.
    """
    ok = ~np.isnan(embeddings).any(axis=1)
    sums = np.zeros((people, embeddings.shape[1]))
    order = np.flatnonzero(ok)[np.argsort(person[ok], kind="stable")]
    present, starts = np.unique(person[order], return_index=True)
    sums[present] = np.add.reduceat(embeddings[order].astype(float), starts, axis=0)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(lengths > 0, sums / lengths, np.nan).astype(np.float32)


@dataclass(frozen=True)
class Search:
    """What each probe finds in a gallery.

    Attributes:
        own: (n,) similarity to the probe's own person; NaN for a failed probe or a person not enrolled.
        best_other: (n,) largest similarity to anybody else enrolled; NaN for a failed probe.
        rank: (n,) place of the own person, from 1; ties count against it; 0 where it cannot be found.
    """

    own: np.ndarray
    best_other: np.ndarray
    rank: np.ndarray


def search(probes: np.ndarray, person: np.ndarray, gallery: np.ndarray) -> Search:
    """Compares every probe with everybody enrolled.

    Args:
        probes: (n, dim), rows of NaN are failed probes.
        person: (n,) codes, positions in `gallery`; -1 for somebody who is not in it.
        gallery: (people, dim), rows of NaN are people not enrolled.
    """
    enrolled = ~np.isnan(gallery).any(axis=1)
    own = np.full(len(probes), np.nan)
    best_other = np.full(len(probes), np.nan)
    rank = np.zeros(len(probes), int)
    usable = np.flatnonzero(~np.isnan(probes).any(axis=1))
    for start in range(0, len(usable), ROWS):
        rows = usable[start : start + ROWS]
        scores = probes[rows] @ np.nan_to_num(gallery).T
        scores[:, ~enrolled] = -np.inf
        known = np.flatnonzero((person[rows] >= 0) & enrolled[person[rows]])
        mates = person[rows[known]]
        own[rows[known]] = scores[known, mates]
        scores[known, mates] = -np.inf
        best_other[rows] = scores.max(axis=1, initial=-np.inf)
        rank[rows[known]] = 1 + (scores[known] >= own[rows[known], None]).sum(axis=1)
    return Search(own, best_other, rank)


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


def nearest_class_mean_ranks(
    train: np.ndarray, train_person: np.ndarray, test: np.ndarray, test_person: np.ndarray
) -> np.ndarray:
    """(n,) place of each test photo's own person among the means of the train embeddings; 0 where never.

    Args:
        train, test: embeddings, rows of NaN have failed.
        train_person, test_person: labels.
    """
    names, person = np.unique(train_person, return_inverse=True)
    means = mean_embeddings(train, person, len(names))
    position = np.searchsorted(names, test_person).clip(max=len(names) - 1)
    return search(test, np.where(names[position] == test_person, position, -1), means).rank
