"""Landmarks drawn into small pictures."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

TRUTH = (0, 230, 0)
PREDICTION = (255, 40, 40)
_SHIFT_BITS = 4  # OpenCV draws at 1/16 px when told so


def drawn(
    image: np.ndarray, marks: Sequence[tuple[np.ndarray, tuple[int, int, int]]], side_px: int, radius_px: float = 2.0
) -> np.ndarray:
    """A square RGB image resized to `side_px`, with sets of (k, 2) points in the image's px, each in its colour."""
    scale = side_px / len(image)
    out = image.copy()
    if scale != 1:
        flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        out = cv2.resize(image, (side_px, side_px), interpolation=flags)
    for points, colour in marks:
        for x, y in (points + 0.5) * scale - 0.5:
            centre = (round(x * 2**_SHIFT_BITS), round(y * 2**_SHIFT_BITS))
            radius = round(radius_px * 2**_SHIFT_BITS)
            cv2.circle(out, centre, radius, colour, 1, cv2.LINE_AA, _SHIFT_BITS)
    return out
