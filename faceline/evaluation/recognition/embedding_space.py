"""The embeddings themselves: how well people form clusters, and a map of them."""

import numpy as np
import pandas as pd
from sklearn.manifold import TSNE
from sklearn.metrics import silhouette_score

from faceline.evaluation.verification.comparisons import Comparisons

MAX_ON_MAP = 400
MAX_IN_SILHOUETTE = 10_000


def silhouette(embeddings: np.ndarray, person: np.ndarray, seed: int = 1) -> float | None:
    """Mean silhouette in cosine distance: how much nearer photos lie to their own person than to the nearest other.

    Args:
        embeddings: (n, dim) without failed photos; of more than 10,000 a seeded sample is taken.
        person: (n,) labels.

    Returns:
        -1..1, or None when there are not at least two people and one with two photos.
    """
    people = len(np.unique(person))
    if not 2 <= people < len(person):
        return None
    if len(person) > MAX_IN_SILHOUETTE:
        keep = np.random.default_rng(seed).choice(len(person), MAX_IN_SILHOUETTE, replace=False)
        embeddings, person = embeddings[keep], person[keep]
    return float(silhouette_score(embeddings, person, metric="cosine"))


def embedding_map(comparisons: Comparisons, seed: int = 1) -> pd.DataFrame:
    """t-SNE of at most 400 query photos, whole persons, in cosine distance.

    Columns: row (position in what `Comparisons.of` was given), person, x, y. Empty with fewer than ten photos.
    """
    keep = int(np.searchsorted(np.cumsum(comparisons.photos), MAX_ON_MAP, side="right"))
    chosen = comparisons.query_person < max(1, keep)
    chosen &= np.cumsum(chosen) <= MAX_ON_MAP
    points = comparisons.query[chosen]
    if len(points) < 10:
        return pd.DataFrame(columns=["row", "person", "x", "y"])
    perplexity = min(20.0, (len(points) - 1) / 3)
    # the exact method: few points, and no order of threads to change the result
    model = TSNE(
        perplexity=perplexity, metric="cosine", init="random", random_state=seed, method="exact", max_iter=500
    )
    places = model.fit_transform(points).round(2)
    return pd.DataFrame(
        {
            "row": comparisons.query_rows[chosen],
            "person": comparisons.names[comparisons.query_person[chosen]],
            "x": places[:, 0],
            "y": places[:, 1],
        }
    )
