"""The five landmarks as arrays and table columns, and what makes a set of them degenerate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from faceline.core.columns import POINT_COLUMNS, POINTS

if TYPE_CHECKING:
    import pandas as pd

FLIPPED = (1, 0, 2, 4, 3)  # which point takes each place in the mirror
MIN_EYE_DISTANCE_PX = 1.0  # eyes closer than this are one point
DEFECTS = ("landmarks_not_finite", "landmarks_outside_photo", "zero_eye_distance", "swapped_eyes")


def points_of(table: pd.DataFrame) -> np.ndarray:
    """The landmark columns of a table as float64 (n, 5, 2)."""
    return table[POINT_COLUMNS].to_numpy(np.float64).reshape(-1, len(POINTS), 2)


def point_table(points: np.ndarray) -> pd.DataFrame:
    """(n, 5, 2) points as a table with the landmark columns."""
    import pandas as pd  # the tool does without

    return pd.DataFrame(np.asarray(points).reshape(-1, 2 * len(POINTS)), columns=POINT_COLUMNS)


def eye_distance(points: np.ndarray) -> np.ndarray:
    """Distance between the eye centres of (..., 5, 2) points, px."""
    return np.linalg.norm(points[..., 1, :] - points[..., 0, :], axis=-1)


def defects(points: np.ndarray, widths: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """What makes each face's landmarks unusable, as a word; empty where nothing does.

    Args:
        points: (n, 5, 2) in photo px.
        widths, heights: (n,) photo sizes in px.

    Returns:
        (n,) strings: one of DEFECTS, or "". Eyes are swapped when the left one lies to the right of the other
        although the mouth does not: a mixed-up order, not an upside-down head.
    """
    finite = np.isfinite(points).all(axis=(1, 2))
    limits = np.stack([widths, heights], axis=1)[:, None]
    outside = ((points < 0) | (points > limits - 1)).any(axis=(1, 2))
    eyes = points[:, 1, 0] - points[:, 0, 0]
    mouth = points[:, 4, 0] - points[:, 3, 0]
    cases = [~finite, outside, eye_distance(points) < MIN_EYE_DISTANCE_PX, (eyes < 0) & (mouth >= 0)]
    return np.select(cases, DEFECTS, default="")
