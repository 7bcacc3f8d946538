"""Normalised mean errors of landmarks and what is derived from them."""

import numpy as np

from faceline.points.points import eye_distance


def point_errors(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(n, 5) distances of (n, 5, 2) points from the truth, in units of each face's true eye-centre distance."""
    return np.linalg.norm(predicted - truth, axis=-1) / eye_distance(truth)[:, None]


def nme_eye_center(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(n,) mean point error of each face over the distance between its eye centres (not the eyes' outer corners)."""
    return point_errors(predicted, truth).mean(axis=1)


def nme_box_diagonal(predicted: np.ndarray, truth: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """(n,) mean point error of each face over the diagonal of its (n, 4) box."""
    return np.linalg.norm(predicted - truth, axis=-1).mean(axis=1) / np.hypot(boxes[:, 2], boxes[:, 3])


def ced_auc(nme: np.ndarray) -> float:
    """Area under the cumulative error distribution from 0 to 0.08, over 0.08: 0..1, exact."""
    return float(np.clip(1 - nme / 0.08, 0, None).mean())


def failure_rate(nme: np.ndarray) -> float:
    """Share of faces whose NME is above 0.1."""
    return float((nme > 0.1).mean())


def mean_offsets(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(5, 2) mean displacement of each point, in eye distances: what two conventions of one point differ by."""
    return ((predicted - truth) / eye_distance(truth)[:, None, None]).mean(axis=0)


def without_offsets(predicted: np.ndarray, truth: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Predictions with (5, 2) `offsets`, in eye distances, taken off."""
    return predicted - offsets * eye_distance(truth)[:, None, None]


def bootstrap_mean(values: np.ndarray, groups: np.ndarray, samples: int, rng: np.random.Generator) -> tuple:
    """A 95% interval of the mean of (n,) values by resampling whole groups: its 2.5% and 97.5% percentiles.

    Args:
        groups: (n,) the group of each value: its face's person, or its source photo where nobody knows who.
    """
    _, group = np.unique(groups, return_inverse=True)
    sums = np.bincount(group, values)
    counts = np.bincount(group)
    picks = rng.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=samples)
    means = (picks @ sums) / (picks @ counts)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
