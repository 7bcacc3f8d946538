"""Rates of scores held in memory: the ID rate and the area under the ROC.

The ID rate is the share of genuine pairs found when a stated share of impostor pairs is let through. With n impostor
scores and a target FPR, N = floor(FPR * n + 1e-9) and the threshold is the N-th largest impostor score, counted from
0; a pair counts when its score lies strictly above. So at most N impostor pairs pass, and scores tied with the
threshold are rejected on both sides. The 1e-9 corrects products such as 0.29 * 100 = 28.999999999999996. The name is
historical: this is a 1:1 statistic, the true match rate at a false match rate (ISO/IEC 19795-1).
"""

import math
from collections.abc import Sequence

import numpy as np

from faceline.core.errors import FacelineError


def pair_scores(embeddings: np.ndarray, persons: Sequence | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cosine similarity of every unordered pair of photos, by whether the two show one person.

    For sets small enough to hold all scores; `faceline.evaluation.verification` compares sets of any size.

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


def allowed_false_matches(fpr: float, impostor_pairs: int) -> int:
    """N = floor(FPR * n + 1e-9), at most n - 1.

    Raises:
        ValueError: `fpr` is not in 0..1 or there are no impostor pairs.
    """
    if not 0 <= fpr <= 1 or impostor_pairs < 1:
        raise ValueError(f"need an FPR in 0..1 and impostor pairs (got {fpr} and {impostor_pairs})")
    return min(math.floor(fpr * impostor_pairs + 1e-9), impostor_pairs - 1)


def tpr_at_fpr(genuine: np.ndarray, impostor: np.ndarray, fpr: float) -> tuple[float, float]:
    """The ID rate.

    Args:
        genuine: scores of same-person pairs; larger means more alike.
        impostor: scores of different-person pairs.
        fpr: target false positive rate, 0..1.

    Returns:
        (TPR in 0..1, threshold).

    Raises:
        FacelineError: no genuine or no impostor scores, or scores that are not finite.
    """
    genuine, impostor = np.asarray(genuine), np.asarray(impostor)
    if not genuine.size or not impostor.size:
        raise FacelineError(f"ID rate of {genuine.size} genuine and {impostor.size} impostor scores: need both")
    if not (np.isfinite(genuine).all() and np.isfinite(impostor).all()):
        raise FacelineError("ID rate of scores that are not finite: the embeddings are broken")
    rank = allowed_false_matches(fpr, impostor.size)
    threshold = np.partition(impostor.ravel(), impostor.size - 1 - rank)[impostor.size - 1 - rank]
    return float(np.mean(genuine > threshold)), float(threshold)


def area_under_roc(genuine: np.ndarray, impostor: np.ndarray) -> float:
    """P(genuine score > impostor score), ties counted half (Mann and Whitney); NaN without scores of either kind."""
    if not len(genuine) or not len(impostor):
        return float("nan")
    ordered = np.sort(impostor)
    below = np.searchsorted(ordered, genuine, side="left")
    not_above = np.searchsorted(ordered, genuine, side="right")
    return float((below + not_above).mean() / (2 * len(impostor)))
