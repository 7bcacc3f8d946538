"""How good a photo of a face is for enrolment, in figures that a person can check by looking at it."""

from __future__ import annotations

import cv2
import numpy as np

from faceline.alignment.geometry.template import TEMPLATE
from faceline.galleries.rows import FaceQuality

# rules of thumb: of CelebA's photos with YuNet's points, about one in fifty or fewer lies beyond each
MIN_SHARPNESS = 80.0
MIN_FACE_PX = 60.0
MAX_YAW = 0.8
MAX_PITCH = 0.2
MIN_SCORE = 0.9


def face_quality(aligned: np.ndarray, points: np.ndarray, to_photo: np.ndarray, score: float) -> FaceQuality:
    """Measures one aligned face.

    Args:
        aligned: (size, size, 3) RGB uint8.
        points: (5, 2) landmarks in photo px.
        to_photo: (2, 3) map from aligned px to photo px.
        score: the detector's.
    """
    grey = cv2.cvtColor(aligned, cv2.COLOR_RGB2GRAY)
    yaw, nose = _nose_place(points)
    return FaceQuality(
        sharpness=float(cv2.Laplacian(grey, cv2.CV_64F).var()),
        face_px=float(len(aligned) * np.sqrt(abs(np.linalg.det(to_photo[:, :2])))),
        yaw=yaw,
        pitch=nose - _nose_place(TEMPLATE)[1],
        score=score,
    )


def quality_warnings(quality: FaceQuality) -> list[str]:
    """What speaks against a photo, in a few words each; empty for a good one."""
    beyond = {
        "blurred": quality.sharpness < MIN_SHARPNESS,
        "small": quality.face_px < MIN_FACE_PX,
        "turned to the side": abs(quality.yaw) > MAX_YAW,
        "bent up or down": abs(quality.pitch) > MAX_PITCH,
        "hardly a face to the detector": quality.score < MIN_SCORE,
    }
    return [word for word, holds in beyond.items() if holds]


def _nose_place(points: np.ndarray) -> tuple[float, float]:
    """The nose along the line of the eyes (-1..1 from eye to eye), and from that line to the mouth (0..1)."""
    left, right, nose, *mouth = np.asarray(points, float)
    middle, half = (left + right) / 2, (right - left) / 2
    along, down = half / (half @ half), np.array([-half[1], half[0]]) / np.linalg.norm(half)
    to_mouth = (np.mean(mouth, axis=0) - middle) @ down
    return float((nose - middle) @ along), float((nose - middle) @ down / to_mouth)
