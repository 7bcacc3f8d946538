"""Brushes: soft shapes blended into a float32 RGB array, curves, and smooth noise."""

from collections.abc import Iterable
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import ArrayLike

SUBPIXEL_BITS = 4


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int]) -> np.ndarray:
    """(height, width) float32 noise of mean 0 and about unit spread, with this many cells down and across."""
    return cv2.resize(rng.standard_normal(cells).astype(np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC)


def step(value: np.ndarray, low: float, high: float) -> np.ndarray:
    """Goes smoothly from 0 at `low` to 1 at `high`."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def curve(*points: ArrayLike, count: int = 10) -> np.ndarray:
    """(count, 2) points of the Bezier curve with these control points."""
    t = np.linspace(0, 1, count)[:, None]
    levels = [np.asarray(p, float)[None] for p in points]
    while len(levels) > 1:
        levels = [a + (b - a) * t for a, b in pairwise(levels)]
    return levels[0]


def mirrored(side: np.ndarray) -> np.ndarray:
    """The closed outline made of one side and its mirror image across x = 0."""
    return np.concatenate([side, side[::-1] * (-1, 1)])


def oval(x: float, y: float, rx: float, ry: float, tilt: float = 0.0, power: float = 2.0) -> np.ndarray:
    """(20, 2) points of an ellipse; a higher power makes it squarer."""
    t = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    u, v = (r * np.sign(f(t)) * np.abs(f(t)) ** (2 / power) for r, f in ((rx, np.cos), (ry, np.sin)))
    return np.stack([x + u * np.cos(tilt) - v * np.sin(tilt), y + u * np.sin(tilt) + v * np.cos(tilt)], 1)


def shape_mask(shape: tuple[int, int], points_px: np.ndarray, soft_px: float = 0.0) -> tuple[tuple, np.ndarray]:
    """The filled polygon as (slices of the part it touches, float32 mask 0..1 of that part)."""
    low = np.clip(np.floor(points_px.min(0) - 3 * soft_px - 2), 0, shape[1::-1]).astype(int)
    high = np.clip(np.ceil(points_px.max(0) + 3 * soft_px + 3), low, shape[1::-1]).astype(int)
    mask = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    if mask.size:
        fixed = np.round((points_px - low) * 2**SUBPIXEL_BITS).astype(np.int32)
        cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, SUBPIXEL_BITS)
        mask = cv2.GaussianBlur(mask, (0, 0), soft_px) if soft_px > 0.3 else mask
    return np.s_[low[1] : high[1], low[0] : high[0]], mask.astype(np.float32) / 255


def tinted(grey: np.ndarray, colour: Iterable[float]) -> np.ndarray:
    """(h, w) brightness times an RGB colour: (h, w, 3)."""
    return cv2.merge([grey * channel for channel in colour])


def blend(image: np.ndarray, part: tuple | slice, mask: np.ndarray, colour: ArrayLike) -> None:
    """Moves `image[part]` towards `colour` (RGB, or an array of the part's shape) by `mask`, in place."""
    shown, colour = image[part], np.asarray(colour, np.float32)
    if mask.size:
        colour = np.tile(colour, (shown.shape[1], 1)) if colour.ndim == 1 else colour
        # three numbers a pixel on every side: numpy goes over whole rows then, and pixel by pixel where it broadcasts
        shown += cv2.merge([mask] * 3) * (colour - shown)


def fill(image: np.ndarray, points: np.ndarray, colour: ArrayLike, strength: float = 1, soft_px: float = 0) -> None:
    """Fills a polygon given in pixels."""
    part, mask = shape_mask(image.shape[:2], np.asarray(points, float), soft_px)
    blend(image, part, mask * np.float32(strength), colour)


def stroke(image: np.ndarray, points: np.ndarray, width_px: float, colour: ArrayLike, strength: float = 1) -> None:
    """Draws a line through the points, as the polygon round it, thinner at both ends."""
    along = np.gradient(np.asarray(points, float), axis=0)
    across = along[:, ::-1] * (-1, 1) / (np.hypot(along[:, :1], along[:, 1:]) + 1e-6)
    half = across * width_px / 2 * (0.35 + 0.65 * np.sin(np.linspace(0, np.pi, len(points))))[:, None]
    fill(image, np.concatenate([points + half, (points - half)[::-1]]), colour, strength)
