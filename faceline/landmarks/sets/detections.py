"""MTCNN as its package ships it: the detector whose boxes the hourglass must live with, and its rival in accuracy."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pandas as pd

from faceline.core.columns import BOX_COLUMNS
from faceline.geometry.boxes import BoxMap, iou
from faceline.core.columns import POINT_COLUMNS, POINTS

DETECTED_COLUMNS = [f"detected_{column}" for column in (*BOX_COLUMNS, *POINT_COLUMNS)]
MIN_IOU = 0.4
_MIN_MATCHES = 20

Find = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def mtcnn_finder() -> Find:
    """facenet-pytorch's MTCNN with its defaults, all faces kept.

    Returns:
        A function of an RGB uint8 photo: boxes (n, 4) as x, y, width, height, and points (n, 5, 2), photo px.
    """
    from facenet_pytorch import MTCNN  # slow to import, and only this needs it

    mtcnn = MTCNN(keep_all=True)

    def find(photo: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        try:
            corners, _, points = mtcnn.detect(photo, landmarks=True)
        except (ValueError, RuntimeError):  # what it raises on photos of a few px
            corners = None
        if corners is None:
            return np.empty((0, 4)), np.empty((0, len(POINTS), 2))
        corners = np.asarray(corners, np.float64)
        boxes = np.column_stack([corners[:, :2], corners[:, 2:] - corners[:, :2]])
        return boxes, np.asarray(points, np.float64)

    return find


def matched(boxes: np.ndarray, points: np.ndarray, annotated: np.ndarray) -> np.ndarray:
    """The detection that overlaps an annotated (4,) box best, as a row of `DETECTED_COLUMNS`; NaN where none does."""
    overlap = iou(boxes, annotated)
    if not len(boxes) or overlap.max() < MIN_IOU:
        return np.full(len(DETECTED_COLUMNS), np.nan)
    best = int(overlap.argmax())
    return np.concatenate([boxes[best], points[best].reshape(-1)])


def chosen_for_detection(rows: pd.DataFrame, most_test: int, most_train: int) -> np.ndarray:
    """(n,) bool: up to so many test and train rows, those whose names have the smallest hashes."""
    ranks = rows.image_id.map(lambda name: hashlib.sha256(f"detect {name}".encode()).hexdigest()).rank(method="first")
    chosen = np.zeros(len(rows), bool)
    for split, most in (("test", most_test), ("train", most_train)):
        chosen[ranks[rows.split == split].nsmallest(most).index] = True
    return chosen


def fit_box_map(detected: np.ndarray, annotated: np.ndarray) -> BoxMap:
    """The map from detected (n, 4) boxes to annotated ones; rows with NaN are left out.

    With fewer than 20 pairs there is nothing to measure and boxes are taken as they are.
    """
    found = np.isfinite(detected).all(axis=1)
    if found.sum() < _MIN_MATCHES:
        return BoxMap()
    return BoxMap.fit(detected[found], annotated[found])
