"""Accuracy among the people trained on: whether a photo kept back for the end is nearest its own person's mean."""

import numpy as np

from faceline.evaluation.embeddings.table import NO_LABEL, EmbeddingTable
from faceline.evaluation.means.class_means import class_mean_ranks
from faceline.evaluation.recognition.identification import rank_rates
from faceline.evaluation.verification.rate import Rate
from faceline.evaluation.verification.roles import TRAIN, rows_of

TOP = 5


def held_out_ranks(table: EmbeddingTable) -> tuple[np.ndarray, np.ndarray]:
    """(n,) person of each test photo of the train people, and its own mean's place among all means; 0 where never."""
    train, test = _train_and_test(table)
    persons = table.rows["person"].to_numpy()
    ranks = class_mean_ranks(table.embeddings[train], persons[train], table.embeddings[test], persons[test])
    return persons[test], ranks


def _train_and_test(table: EmbeddingTable) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the train people's photos that were trained on, and of those kept back for the end."""
    rows = rows_of(table, TRAIN)
    split = table.rows["split"].to_numpy()[rows]
    return rows[split == "train"], rows[split == "test"]


def accuracy_rates(table: EmbeddingTable) -> list[Rate]:
    """`accuracy_top1`, `accuracy_top5` and `accuracy_head_top1` of the train people's test photos.

    The first two look for the nearest mean of the train photos' embeddings, which is the same for every loss. Failed
    test photos count as wrong.
    """
    train, test = _train_and_test(table)
    persons = table.rows["person"].to_numpy()
    names = ("accuracy_top1", "accuracy_top5", "accuracy_head_top1")
    people = len(np.unique(persons[train[table.ok[train]]]))
    if not len(test) or people < 2:
        reason = f"{len(test)} test photos, and {people} train people with an embedding"
        return [Rate(name, None, reason=reason) for name in names]
    _, ranks = held_out_ranks(table)
    shares = rank_rates(ranks, TOP)
    rates = [Rate(names[0], float(shares[0]))]
    if people > TOP:
        rates.append(Rate(names[1], float(shares[TOP - 1])))
    else:
        rates.append(
            Rate(names[1], None, reason=f"{people} train people: being among the nearest {TOP} takes more than {TOP}")
        )
    named = table.rows["head_label"].to_numpy() if "head_label" in table.rows else np.full(len(persons), NO_LABEL)
    if (named[test] == NO_LABEL).all():
        reason = (
            "the loss has no head that names people" if table.ok[test].any() else "no test photo has an embedding"
        )
        return [*rates, Rate(names[2], None, reason=reason)]
    return [*rates, Rate(names[2], float(np.mean(named[test] == persons[test])))]
