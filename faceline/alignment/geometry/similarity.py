"""Similarities between sets of points."""

import numpy as np

from faceline.core.errors import FacelineError


def fit_similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Rotation, uniform scale and shift that bring `source` nearest to `target` in squared distance.

    In the plane Umeyama's solution (IEEE TPAMI 13(4), 1991) has a closed form in complex numbers: with both sets
    centred, the factor is sum(conj(z) w) / sum(|z|^2). A complex factor cannot mirror, so det > 0 always.

    Args:
        source: (..., k, 2).
        target: (k, 2) or (..., k, 2).

    Returns:
        (..., 2, 3) maps from source to target coordinates.

    Raises:
        FacelineError: the source points of some fit coincide, or are not finite.
    """
    z = source[..., 0] + 1j * source[..., 1]
    w = target[..., 0] + 1j * target[..., 1]
    z_mean = z.mean(axis=-1, keepdims=True)
    w_mean = w.mean(axis=-1, keepdims=True)
    spread = (abs(z - z_mean) ** 2).sum(axis=-1)
    if not (np.isfinite(spread).all() and (spread > 1e-12).all()):
        raise FacelineError("a similarity needs finite points that do not coincide")
    factor = (np.conj(z - z_mean) * (w - w_mean)).sum(axis=-1) / spread
    shift = w_mean[..., 0] - factor * z_mean[..., 0]
    rows = [factor.real, -factor.imag, shift.real, factor.imag, factor.real, shift.imag]
    return np.stack(rows, axis=-1).reshape(*factor.shape, 2, 3)
