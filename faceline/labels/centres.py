"""Centres of unit vectors that a minority of strangers among them moves little, with and without each vector.

The centre is the unit vector c with the smallest sum of distances |x - c| to the vectors: the spatial median on the
sphere (Ducharme and Milasevic, Biometrika 74, 1987), found by Weiszfeld's iteration. A stranger pulls it by a bounded
amount, less than a vector that lies near. All is computed from the vectors' Gram matrix.
"""

import numpy as np

_STEPS = 100
_SETTLED = 1e-6
_NEAREST = 1e-3  # distances below count as this: a vector may be the centre itself


def centre_weights(gram: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """(m, n) factors of the vectors that add up to a unit centre, a row for each choice of vectors.

    Args:
        gram: (n, n) similarities of unit vectors.
        taken: (m, n) bool, which vectors each centre is of; at least one each.
    """
    weights = taken.astype(float)
    for _ in range(_STEPS):
        weights /= np.sqrt(np.maximum(((weights @ gram) * weights).sum(axis=1, keepdims=True), 1e-12))
        distance = np.sqrt(np.maximum(2 - 2 * weights @ gram, _NEAREST**2))
        better = np.where(taken, 1 / distance, 0)
        better /= np.sqrt(np.maximum(((better @ gram) * better).sum(axis=1, keepdims=True), 1e-12))
        moved = np.abs(better - weights).max()
        weights = better
        if moved < _SETTLED:
            break
    return weights


def centre(vectors: np.ndarray) -> np.ndarray:
    """(dim,) the centre of (n, dim) unit vectors."""
    vectors = np.asarray(vectors, float)
    return centre_weights(vectors @ vectors.T, np.ones((1, len(vectors)), bool))[0] @ vectors


def similarities_to_others(vectors: np.ndarray) -> np.ndarray:
    """(n,) the similarity of each of two or more unit vectors to the centre of the others."""
    vectors = np.asarray(vectors, float)
    gram = vectors @ vectors.T
    weights = centre_weights(gram, ~np.eye(len(vectors), dtype=bool))
    return (weights * gram).sum(axis=1)
