"""Sheets of tiles, and landmarks marked in them, as PNG with the same bytes every time."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from faceline.core.files import replacing
from faceline.imaging.images import at_size

_GAP_PX = 2
_CAPTION_PX = 14

# colours of annotated and of predicted landmarks
TRUTH = (0, 230, 0)
PREDICTION = (255, 40, 40)
_SHIFT_BITS = 4  # OpenCV draws at 1/16 px when told so


def write_png(path: Path, rgb: np.ndarray) -> None:
    """Writes an RGB uint8 array."""
    with replacing(path) as temporary:
        temporary.write_bytes(cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes())


def sheet(tiles: Sequence[np.ndarray], columns: int, captions: Sequence[str] = ()) -> np.ndarray:
    """RGB uint8 tiles of one size, `columns` in a row on white, each with its caption below where there are any."""
    height, width = tiles[0].shape[:2] if tiles else (1, 1)
    cell = height + _GAP_PX + (_CAPTION_PX if captions else 0)
    rows = max(1, -(-len(tiles) // columns))
    out = np.full((rows * cell, columns * (width + _GAP_PX), 3), 255, np.uint8)
    for place, tile in enumerate(tiles):
        top, left = (place // columns) * cell, (place % columns) * (width + _GAP_PX)
        out[top : top + height, left : left + width] = tile
        if captions:
            corner = (left + 1, top + height + _CAPTION_PX - 3)
            cv2.putText(out, captions[place], corner, cv2.FONT_HERSHEY_SIMPLEX, 0.35, (0, 0, 0), 1, cv2.LINE_AA)
    return out


def with_points(
    image: np.ndarray, marks: Sequence[tuple[np.ndarray, tuple[int, int, int]]], side_px: int, radius_px: float = 2.0
) -> np.ndarray:
    """A square RGB image resized to `side_px`, with sets of (k, 2) points in the image's px, each in its colour."""
    scale = side_px / len(image)
    out = at_size(image, side_px).copy()
    for points, colour in marks:
        for x, y in (points + 0.5) * scale - 0.5:
            x, y, radius = (round(value * 2**_SHIFT_BITS) for value in (x, y, radius_px))
            cv2.circle(out, (x, y), radius, colour, 1, cv2.LINE_AA, _SHIFT_BITS)
    return out
