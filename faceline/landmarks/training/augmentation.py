"""Random views of a face for training: one affine map and one pass over the colours.

Flip, rotation, scale and shift are one map from the net's px to themselves, put before the view of the box, so
that a stored window is sampled once whatever happens. Scale and shift are at the same time the box jitter: moving
the view is what a detector's loose box does.
"""

import cv2
import numpy as np

from faceline.landmarks.training.params import LandmarkAugmentation
from faceline.points.points import FLIPPED
from faceline.windows.windows import compose, invert, sample, transform


def jitter_map(
    rng: np.random.Generator, augmentation: LandmarkAugmentation, input_px: int, box_px: float
) -> tuple[np.ndarray, bool]:
    """Draws a (2, 3) map from augmented net px to plain net px; and says whether it mirrors.

    Args:
        box_px: side of the face's box in net px, in whose terms `scale` and `shift` are.
    """
    flip = bool(rng.random() < augmentation.flip)
    angle = np.deg2rad(rng.uniform(-1, 1) * augmentation.rotation_deg)
    scale = 1 + rng.uniform(-1, 1) * augmentation.scale
    shift = rng.uniform(-1, 1, 2) * augmentation.shift * box_px
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if flip:
        linear[:, 0] *= -1
    middle = np.full(2, (input_px - 1) / 2)
    return np.column_stack([linear, middle + shift - linear @ middle]), flip


def augmented(
    rng: np.random.Generator,
    image: np.ndarray,
    points: np.ndarray,
    view: np.ndarray,
    augmentation: LandmarkAugmentation,
    input_px: int,
    box_px: float,
) -> tuple[np.ndarray, np.ndarray]:
    """One random net input of a face.

    Args:
        image: the stored window, RGB uint8.
        points: (5, 2) landmarks in the window's px.
        view: (2, 3) map from net px to the window's px, for the face's own box.
        box_px: side of that box in net px.

    Returns:
        (input_px, input_px, 3) uint8 pixels and the (5, 2) landmarks in them, in net px. In a mirrored face left
        and right points have changed places.
    """
    jitter, flip = jitter_map(rng, augmentation, input_px, box_px)
    to_window = compose(view, jitter)
    moved = transform(invert(to_window), points)
    if flip:
        moved = moved[list(FLIPPED)]
    pixels = sample(image, to_window, input_px)
    return _occluded(rng, _blurred(rng, _coloured(rng, pixels, augmentation), augmentation), augmentation), moved


def _coloured(rng: np.random.Generator, pixels: np.ndarray, augmentation: LandmarkAugmentation) -> np.ndarray:
    """Brightness, contrast and colour cast by one table look-up for each channel."""
    brightness = rng.uniform(-1, 1) * augmentation.brightness * 255
    contrast = 1 + rng.uniform(-1, 1) * augmentation.contrast
    cast = 1 + rng.uniform(-1, 1, 3) * augmentation.colour
    levels = np.arange(256)[:, None]
    table = ((levels - 127.5) * contrast + 127.5) * cast + brightness
    return cv2.LUT(pixels, np.clip(np.rint(table), 0, 255).astype(np.uint8)[None])


def _blurred(rng: np.random.Generator, pixels: np.ndarray, augmentation: LandmarkAugmentation) -> np.ndarray:
    if rng.random() >= augmentation.blur:
        return pixels
    sigma = rng.uniform(0.5, 2.0) * len(pixels) / 128  # px of an input of 128 px
    return cv2.GaussianBlur(pixels, (0, 0), sigma)


def _occluded(rng: np.random.Generator, pixels: np.ndarray, augmentation: LandmarkAugmentation) -> np.ndarray:
    """A rectangle of one random colour somewhere over the face."""
    if rng.random() >= augmentation.occlusion:
        return pixels
    side = len(pixels)
    height, width = np.rint(rng.uniform(0.1, 0.4, 2) * side).astype(int)
    top, left = rng.integers(0, side - height + 1), rng.integers(0, side - width + 1)
    pixels[top : top + height, left : left + width] = rng.integers(0, 256, 3)
    return pixels
