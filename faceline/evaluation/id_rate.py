"""The ID rate: the share of genuine pairs found when a stated share of impostor pairs is let through.

With n impostor scores and a target FPR, N = floor(FPR * n + 1e-9) and the threshold is the N-th largest
impostor score, counted from 0; a pair counts when its score lies strictly above. So at most N impostor pairs
pass, and scores tied with the threshold are turned away on both sides. The 1e-9 mends products such as
0.29 * 100 = 28.999999999999996. The name is historical: this is a 1:1 statistic, the true match rate at a
false match rate (ISO/IEC 19795-1).

Training looks at this too: it stands alone so that work on other figures never repeats a training.
"""

from __future__ import annotations

import math

import numpy as np

from faceline.core.errors import FacelineError


def allowed_false_matches(fpr: float, impostor_pairs: int) -> int:
    """N = floor(FPR * n + 1e-9), at most n - 1.

    Raises:
        ValueError: `fpr` is not in 0..1 or there are no impostor pairs.
    """
    if not 0 <= fpr <= 1 or impostor_pairs < 1:
        raise ValueError(f"need an FPR in 0..1 and impostor pairs (got {fpr} and {impostor_pairs})")
    return min(math.floor(fpr * impostor_pairs + 1e-9), impostor_pairs - 1)


def tpr_at_fpr(genuine: np.ndarray, impostor: np.ndarray, fpr: float) -> tuple[float, float]:
    """The ID rate of scores held in memory.

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
