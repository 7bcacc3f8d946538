"""Face boxes as (x, y, width, height) in px, float64 arrays of shape (..., 4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from faceline.points.points import eye_distance

# CelebA's boxes against its landmarks, medians over official-style rows: width in units of
# hypot(eye distance, distance from eye middle to mouth middle), height in widths; centred between the middles.
CELEBA_WIDTH_PER_FACE = 1.79
CELEBA_HEIGHT_PER_WIDTH = 1.385


def box_around(points: np.ndarray) -> np.ndarray:
    """The box that CelebA's convention would put round (..., 5, 2) landmarks."""
    eyes = points[..., :2, :].mean(axis=-2)
    mouth = points[..., 3:, :].mean(axis=-2)
    width = CELEBA_WIDTH_PER_FACE * np.hypot(eye_distance(points), np.linalg.norm(mouth - eyes, axis=-1))
    sides = np.stack([width, CELEBA_HEIGHT_PER_WIDTH * width], axis=-1)
    return np.concatenate([(eyes + mouth) / 2 - sides / 2, sides], axis=-1)


def centres(boxes: np.ndarray) -> np.ndarray:
    """(..., 2) centres of boxes."""
    return boxes[..., :2] + boxes[..., 2:] / 2


def contain(boxes: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Whether (..., 2) points lie in boxes, edges included."""
    return ((points >= boxes[..., :2]) & (points <= boxes[..., :2] + boxes[..., 2:])).all(axis=-1)


def iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes, broadcast over leading axes; 0 where both are empty."""
    low = np.maximum(a[..., :2], b[..., :2])
    high = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    both = np.clip(high - low, 0, None).prod(axis=-1)
    either = a[..., 2:].prod(axis=-1) + b[..., 2:].prod(axis=-1) - both
    return np.divide(both, either, out=np.zeros_like(both), where=either > 0)


@dataclass(frozen=True)
class BoxMap:
    """Brings boxes of one convention to another: sizes by two factors, the centre by a share of the size."""

    width_factor: float = 1.0
    height_factor: float = 1.0
    shift_x: float = 0.0
    shift_y: float = 0.0

    @classmethod
    def fit(cls, source: np.ndarray, target: np.ndarray) -> BoxMap:
        """Medians over (n, 4) pairs of boxes of the same faces: a few wrong matches do no harm."""
        factors = np.median(target[:, 2:] / source[:, 2:], axis=0)
        shifts = np.median((centres(target) - centres(source)) / source[:, 2:], axis=0)
        return cls(*(float(value) for value in (*factors, *shifts)))

    def apply(self, boxes: np.ndarray) -> np.ndarray:
        """Maps (..., 4) boxes."""
        middle = centres(boxes) + boxes[..., 2:] * (self.shift_x, self.shift_y)
        sides = boxes[..., 2:] * (self.width_factor, self.height_factor)
        return np.concatenate([middle - sides / 2, sides], axis=-1)
