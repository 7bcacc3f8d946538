"""Genuine and impostor scores of a set small enough to hold them all, such as a training's validation set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def scores(embeddings: np.ndarray, persons: Sequence | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cosine similarity of every unordered pair of photos, by whether the two show one person.

    `faceline.evaluation.comparisons` compares sets of any size.

    Args:
        embeddings: (n, dim) unit vectors.
        persons: n labels.

    Returns:
        Genuine scores (same person) and impostor scores (different people), each 1-D and float32, in -1..1.
    """
    embeddings = np.asarray(embeddings, np.float32)
    _, person = np.unique(np.asarray(persons), return_inverse=True)
    first, second = np.triu_indices(len(embeddings), 1)
    similarity = (embeddings @ embeddings.T)[first, second]
    genuine = person[first] == person[second]
    return similarity[genuine], similarity[~genuine]
