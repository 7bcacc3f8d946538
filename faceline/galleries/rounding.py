"""Unit vectors in two bytes a number or one, and how much of their direction that costs."""

import numpy as np


def rounded(vectors: np.ndarray, numbers: str) -> np.ndarray:
    """(n, dim) unit vectors as float16, or as int8 each in steps of its own: the largest number is 127 steps."""
    if numbers == "float16":
        return vectors.astype(np.float16)
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    return np.rint(vectors * (127 / np.maximum(largest, 1e-12))).astype(np.int8)


def distances(vectors: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """(n,) how far the directions of what is kept are from (n, dim) unit vectors."""
    decoded = kept.astype(np.float32)
    decoded /= np.maximum(np.linalg.norm(decoded, axis=1, keepdims=True), 1e-12)
    return np.linalg.norm(decoded - vectors, axis=1)
