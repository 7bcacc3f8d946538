"""The 1:N figures of the query people, and the closed-set accuracy of the train people, with their intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from faceline.evaluation.bootstrap import interval
from faceline.evaluation.embeddings import NO_LABEL, EmbeddingTable
from faceline.evaluation.identification import (
    Search,
    mean_embeddings,
    nearest_class_mean_ranks,
    open_set,
    rank_rates,
    references,
    search,
)
from faceline.evaluation.rates import Rate, label
from faceline.evaluation.roles import DISTRACTOR, QUERY, TRAIN, rows_of

FPIRS = (0.1, 0.05, 0.01)
CMC_RANKS = 10
TOP = 5


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
    names, person = np.unique(table.facts["person"].to_numpy()[rows], return_inverse=True)
    enrolled = references(table.facts["image_id"].to_numpy()[rows], person)
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
    labels = table.facts["person"].to_numpy()[outsiders]
    rates += [_open_set_rate(mated, probe_person, found, labels, fpir, weights) for fpir in FPIRS]
    lows, highs = zip(*bounds, strict=True)
    cmc_table = pd.DataFrame({"rank": np.arange(1, ranks + 1), "rate": cmc, "low": lows, "high": highs})
    return SearchFigures(rates, cmc_table, gallery_size)


def _open_set_rate(
    mated: Search,
    mated_person: np.ndarray,
    outsiders: Search,
    outsider_person: np.ndarray,
    fpir: float,
    weights: np.ndarray,
) -> Rate:
    name = f"tpir_at_fpir_{label(fpir)}"
    point = open_set(mated, mated_person, outsiders, outsider_person, fpir, weights)
    if point.reason:
        return Rate(name, None, reason=point.reason)
    return Rate(name, point.tpir, *interval(point.resampled), threshold=point.threshold)


def class_mean_ranks(table: EmbeddingTable) -> tuple[np.ndarray, np.ndarray]:
    """(n,) person of each test photo of the train people, and its own mean's place among all means; 0 where never."""
    train, test = _train_and_test(table)
    persons = table.facts["person"].to_numpy()
    ranks = nearest_class_mean_ranks(table.embeddings[train], persons[train], table.embeddings[test], persons[test])
    return persons[test], ranks


def _train_and_test(table: EmbeddingTable) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the train people's photos that were trained on, and of those kept back for the end."""
    rows = rows_of(table, TRAIN)
    split = table.facts["split"].to_numpy()[rows]
    return rows[split == "train"], rows[split == "test"]


def accuracy_rates(table: EmbeddingTable) -> list[Rate]:
    """`accuracy_top1`, `accuracy_top5` and `accuracy_head_top1` of the train people's test photos.

    The first two look for the nearest mean of the train photos' embeddings, which is the same for every loss. Failed
    test photos count as wrong.
    """
    train, test = _train_and_test(table)
    persons = table.facts["person"].to_numpy()
    names = ("accuracy_top1", "accuracy_top5", "accuracy_head_top1")
    people = len(np.unique(persons[train]))
    if not len(test) or people < 2 or not table.ok[train].any():
        reason = f"{len(test)} test photos and {people} train people"
        return [Rate(name, None, reason=reason) for name in names]
    _, ranks = class_mean_ranks(table)
    shares = rank_rates(ranks, TOP)
    rates = [Rate(names[0], float(shares[0]))]
    if people > TOP:
        rates.append(Rate(names[1], float(shares[TOP - 1])))
    else:
        rates.append(Rate(names[1], None, reason=f"{people} train people: one of the nearest {TOP} is no feat"))
    named = table.facts["head_label"].to_numpy() if "head_label" in table.facts else np.full(len(persons), NO_LABEL)
    if (named[test] == NO_LABEL).all():
        return [*rates, Rate(names[2], None, reason="the loss has no head that names people")]
    return [*rates, Rate(names[2], float(np.mean(named[test] == persons[test])))]
