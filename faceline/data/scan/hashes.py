"""Perceptual hashes by which near-duplicate photos are found: copies, other sizes, mirror images, other crops."""

import cv2
import numpy as np

from faceline.alignment.geometry.similarity import fit_similarity
from faceline.alignment.geometry.template import template
from faceline.core.columns import FACE_HASHES, PHOTO_HASHES
from faceline.points.points import eye_distance

_HASH_PX = 32
_HASH_FREQUENCIES = 8
_WINDOW_PX = 224
_FACE_ZOOMS = (1.0, 0.6)  # of the ArcFace template in the window: the face, and the head with what is round it


def photo_hashes(grey: np.ndarray, points: np.ndarray | None = None) -> dict[str, int | None]:
    """A photo's hashes, under the names of their columns.

    Those of the face are of windows that its landmarks place, so that they do not depend on how the photo is cropped.

    Args:
        grey: (h, w) uint8.
        points: (5, 2) landmarks in photo px; without any, or with eyes in one place, the hashes of the face are None.
    """
    found = dict.fromkeys([*PHOTO_HASHES, *FACE_HASHES], None)
    found |= _both(PHOTO_HASHES, grey)
    if points is not None and np.isfinite(points).all() and eye_distance(points) >= 1:
        for first, zoom in zip((0, 2), _FACE_ZOOMS, strict=True):
            found |= _both(FACE_HASHES[first : first + 2], _window(grey, points, zoom))
    return found


def _both(names: tuple[str, ...], grey: np.ndarray) -> dict[str, int]:
    return dict(zip(names, (perceptual_hash(grey), perceptual_hash(grey[:, ::-1])), strict=True))


def _window(grey: np.ndarray, points: np.ndarray, zoom: float) -> np.ndarray:
    centre = (_WINDOW_PX - 1) / 2
    goal = (template(_WINDOW_PX) - centre) * zoom + centre
    to_window = fit_similarity(points, goal)
    return cv2.warpAffine(grey, to_window, (_WINDOW_PX, _WINDOW_PX), borderMode=cv2.BORDER_REPLICATE)


def perceptual_hash(grey: np.ndarray) -> int:
    """64 bits: the lowest 8 x 8 frequencies of a 32 x 32 thumbnail against their median.

    Scaling, light compression and brightness move few of the bits (the common pHash construction).
    """
    thumbnail = cv2.resize(grey, (_HASH_PX, _HASH_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(thumbnail)[:_HASH_FREQUENCIES, :_HASH_FREQUENCIES].ravel()
    bits = low > np.median(low[1:])  # the first is the mean brightness
    return int(np.packbits(bits).view(">u8")[0])
