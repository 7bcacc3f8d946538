"""Square windows of photos, and sampling an image through an affine map.

Pixel centres lie at integers: the pixel (0, 0) covers [-0.5, 0.5] on both axes. An affine map is a 2 x 3
matrix that takes (x, y, 1) to (x, y).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from faceline.boxes.boxes import centres
from faceline.imaging.images import at_size

if TYPE_CHECKING:  # the tool does without
    import pandas as pd

WINDOW_COLUMNS = ["window_x", "window_y", "window_side", "stored_px"]


@dataclass(frozen=True)
class Window:
    """A square part of a photo: first column and row, side in photo px, and the side it is stored at."""

    x: int
    y: int
    side: int
    stored_px: int

    def to_photo(self) -> np.ndarray:
        """The affine map from stored px to photo px."""
        scale = self.side / self.stored_px
        offset = (scale - 1) / 2
        return np.array([[scale, 0, self.x + offset], [0, scale, self.y + offset]])

    def from_photo(self) -> np.ndarray:
        """The affine map from photo px to stored px."""
        return invert(self.to_photo())


def windows_of(rows: pd.DataFrame) -> list[Window]:
    """The window of each row of a packed set of crops."""
    return [Window(*row) for row in rows[WINDOW_COLUMNS].to_numpy().tolist()]


def from_photo_of(rows: pd.DataFrame) -> np.ndarray:
    """(n, 2, 3) maps from photo px to the stored px of each row of a packed set of crops."""
    return np.array([window.from_photo() for window in windows_of(rows)]).reshape(-1, 2, 3)


def window_around(box: np.ndarray, context: float, max_px: int) -> Window:
    """The window centred on a box, with `context` of the longer side added on every side, on whole pixels."""
    side = max(1, round(float(max(box[2:])) * (1 + 2 * context)))
    corner = np.round(centres(box) - side / 2).astype(int)
    return Window(int(corner[0]), int(corner[1]), side, min(side, max_px))


def cut(photo: np.ndarray, window: Window) -> np.ndarray:
    """The window's pixels, black beyond the photo; shrunk by area when the window is stored smaller."""
    height, width = photo.shape[:2]
    left, top = max(0, window.x), max(0, window.y)
    right, bottom = min(width, window.x + window.side), min(height, window.y + window.side)
    out = np.zeros((window.side, window.side, 3), np.uint8)
    if left < right and top < bottom:
        out[top - window.y : bottom - window.y, left - window.x : right - window.x] = photo[top:bottom, left:right]
    return at_size(out, window.stored_px)


def net_view(boxes: np.ndarray, margin: float, size_px: int) -> np.ndarray:
    """The (..., 2, 3) affine maps from a landmark net's input px to photo px for (..., 4) boxes.

    The net sees a square round the box: its longer side with `margin` of it added on every side, never squeezed.
    """
    side = boxes[..., 2:].max(axis=-1)[..., None, None] * (1 + 2 * margin)
    scale = side / size_px
    corner = centres(boxes)[..., None] - side / 2
    # boxes are in pixel-corner terms (x is the left edge of a pixel), points in pixel centres
    return np.concatenate([scale * np.eye(2), corner + (scale - 1) / 2], axis=-1)


def sample(image: np.ndarray, to_image: np.ndarray, size_px: int) -> np.ndarray:
    """Fills a square of `size_px` by looking up `to_image` (output px -> image px) in `image`, bilinear.

    Where the map shrinks by 1.5 or more the image is first reduced by area, so that nothing aliases. Beyond
    the image is black.
    """
    scale = float(np.sqrt(abs(np.linalg.det(to_image[:, :2]))))
    if scale >= 1.5:
        height, width = image.shape[:2]
        reduced = (max(1, round(width / scale)), max(1, round(height / scale)))
        factors = np.array([width / reduced[0], height / reduced[1]])
        image = cv2.resize(image, reduced, interpolation=cv2.INTER_AREA)
        to_image = to_image / factors[:, None]
        to_image[:, 2] += 0.5 / factors - 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(image, to_image, (size_px, size_px), flags=flags, borderMode=cv2.BORDER_CONSTANT)


def invert(affine: np.ndarray) -> np.ndarray:
    """The inverse of (..., 2, 3) affine maps."""
    linear = np.linalg.inv(affine[..., :2])
    return np.concatenate([linear, -linear @ affine[..., 2:]], axis=-1)


def compose(outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """The map that applies `inner`, then `outer`; both (..., 2, 3)."""
    linear = outer[..., :2] @ inner[..., :2]
    return np.concatenate([linear, outer[..., :2] @ inner[..., 2:] + outer[..., 2:]], axis=-1)


def transform(affine: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Applies (..., 2, 3) maps to (..., k, 2) points."""
    return points @ np.swapaxes(affine[..., :2], -1, -2) + affine[..., None, :, 2]


def outside_share(tile_to_image: np.ndarray, tile_px: int, image_width: int, image_height: int) -> float:
    """The part of a tile, 0..1, that a (2, 3) map puts outside an image: exact, by two polygons' intersection."""
    edge = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
    tile = transform(tile_to_image, edge * tile_px - 0.5).astype(np.float32)
    image = (edge * (image_width, image_height) - 0.5).astype(np.float32)
    inside, _ = cv2.intersectConvexConvex(tile, image)
    area = abs(np.linalg.det(tile_to_image[:, :2])) * tile_px**2
    return float(np.clip(1 - inside / area, 0, 1))
