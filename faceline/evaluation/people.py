"""Each query person's own comparisons: errors at a threshold, triplets, and whom the person is taken for."""

from __future__ import annotations

import numpy as np
import pandas as pd

from faceline.evaluation.comparisons import Comparisons
from faceline.evaluation.identification import mean_embeddings
from faceline.evaluation.threads import in_threads

COLUMNS = ["genuine_mean", "false_non_matches", "impostor_pairs", "impostor_max", "false_matches", "triplets"]
CHUNK = 256


def person_statistics(comparisons: Comparisons, threshold: float | None) -> pd.DataFrame:
    """One row per query person, in the order of `comparisons.names`.

    Columns: person, photos (with an embedding), failed, genuine_pairs (failed photos included), genuine_mean,
    false_non_matches (pairs not above the threshold), impostor_pairs, impostor_max, false_matches, triplets (sum
    over the person's photos of P(genuine > impostor), ties half; pairs with a failed photo lose).

    Args:
        threshold: cosine similarity; without one the two error columns are empty.
    """
    rows = list(in_threads(lambda own: _statistics(comparisons, own, threshold), comparisons.slices()))
    facts = pd.DataFrame(
        {
            "person": comparisons.names,
            "photos": comparisons.photos,
            "failed": comparisons.failed,
            "genuine_pairs": comparisons.positive_pairs_by_person,
        }
    )
    table = pd.DataFrame(rows, columns=COLUMNS)
    # the pairs with a failed photo are non-matches that have no score
    scored = comparisons.photos * (comparisons.photos - 1) // 2
    table["false_non_matches"] += comparisons.positive_pairs_by_person - scored
    partners = (comparisons.photos + comparisons.failed - 1).clip(min=1)
    table["triplets"] /= partners
    return pd.concat([facts, table], axis=1)


def triplet_accuracy(statistics: pd.DataFrame) -> float | None:
    """Mean over query anchors of P(genuine > impostor), ties half; None without an anchor that has a partner."""
    anchors = statistics[statistics["genuine_pairs"] > 0]
    count = (anchors["photos"] + anchors["failed"]).sum()
    return float(anchors["triplets"].sum() / count) if count and anchors["impostor_pairs"].sum() else None


def _statistics(comparisons: Comparisons, own: slice, threshold: float | None) -> tuple:
    limit = np.inf if threshold is None else threshold
    photos = comparisons.query[own]
    within = photos @ photos.T
    genuine = within[np.triu_indices(len(photos), 1)]
    missed = np.nan if threshold is None else int((genuine <= limit).sum())
    pairs = matches = 0
    triplets, largest = 0.0, -np.inf
    for start in range(0, len(photos), CHUNK):
        rows = slice(start, start + CHUNK)
        impostor = _impostors(comparisons, own, photos[rows])
        pairs += impostor.size
        if not impostor.size:
            continue
        impostor.sort(axis=1)
        largest = max(largest, float(impostor[:, -1].max()))
        matches += int((impostor > limit).sum())
        for anchor, scores in enumerate(impostor, start):
            partners = np.delete(within[anchor], anchor)
            below = np.searchsorted(scores, partners) + np.searchsorted(scores, partners, side="right")
            triplets += below.sum() / (2 * len(scores))
    mean = float(genuine.mean()) if len(genuine) else np.nan
    matches = np.nan if threshold is None else matches
    return mean, missed, pairs, largest if pairs else np.nan, matches, triplets


def _impostors(comparisons: Comparisons, own: slice, photos: np.ndarray) -> np.ndarray:
    others = (comparisons.query[: own.start], comparisons.query[own.stop :], comparisons.distractor)
    return np.hstack([photos @ part.T for part in others])


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
