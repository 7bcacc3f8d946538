"""Quality of a face: each figure moves with what it measures, and with nothing else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from faceline.alignment.geometry.template import TEMPLATE
from faceline.galleries.quality import face_quality, quality_warnings
from faceline.galleries.rows import FaceQuality

TILE = np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)
GOOD = FaceQuality(sharpness=400, face_px=180, yaw=0.1, pitch=0.05, score=0.95)


def similarity(scale: float, degrees: float) -> np.ndarray:
    """A (2, 3) map that turns, scales and shifts."""
    turn = np.deg2rad(degrees)
    rotation = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.column_stack([rotation, [30.0, 200.0]])


def quality(points: np.ndarray, to_photo: np.ndarray | None = None, tile: np.ndarray = TILE) -> FaceQuality:
    to_photo = similarity(1, 0) if to_photo is None else to_photo
    placed = points @ to_photo[:, :2].T + to_photo[:, 2]
    return face_quality(tile, placed, to_photo, 0.9)


@pytest.mark.parametrize("degrees", [0, 30, -100])
@pytest.mark.parametrize("scale", [0.5, 3])
def test_pose_does_not_hang_on_size_and_roll(scale: float, degrees: float) -> None:
    points = TEMPLATE.copy()
    points[2] += (6, 4)
    turned, straight = quality(points, similarity(scale, degrees)), quality(points)
    assert (turned.yaw, turned.pitch) == pytest.approx((straight.yaw, straight.pitch))
    assert turned.face_px == pytest.approx(112 * scale)


def test_pose_of_a_frontal_and_of_a_turned_head() -> None:
    """A head as points in space, turned about its own axes and seen from far away."""
    eyes_to_mouth, eyes = 41.0, 17.6
    head = np.array([[-eyes, 0, 0], [eyes, 0, 0], [0, 20.3, 18], [-14.6, eyes_to_mouth, 2], [14.6, eyes_to_mouth, 2]])

    def seen(yaw: float, pitch: float) -> FaceQuality:
        y, p = np.deg2rad([yaw, pitch])
        about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
        about_x = np.array([[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]])
        return quality((head @ (about_x @ about_y).T)[:, :2])

    assert abs(seen(0, 0).yaw) < 0.01
    assert abs(seen(0, 0).pitch) < 0.05
    yaws = [seen(angle, 0).yaw for angle in (-40, -20, 0, 20, 40)]
    assert np.all(np.diff(yaws) > 0.2)
    pitches = [seen(0, angle).pitch for angle in (-25, 0, 25)]
    assert np.all(np.diff(pitches) > 0.1)


def test_blur_lowers_sharpness() -> None:
    sharp, blurred = quality(TEMPLATE), quality(TEMPLATE, tile=cv2.GaussianBlur(TILE, (0, 0), 2))
    grey = cv2.cvtColor(TILE, cv2.COLOR_RGB2GRAY).astype(float)
    inner = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]
    assert sharp.sharpness == pytest.approx(inner.var(), rel=0.1)  # but for the edge
    assert blurred.sharpness < 0.05 * sharp.sharpness


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, []),
        ({"sharpness": 20}, ["blurred"]),
        ({"face_px": 30}, ["small"]),
        ({"yaw": -1.2}, ["turned to the side"]),
        ({"pitch": 0.5}, ["bent up or down"]),
        ({"score": 0.6, "sharpness": 1}, ["blurred", "hardly a face to the detector"]),
    ],
)
def test_warnings_say_what_is_wrong(changed: dict, words: list[str]) -> None:
    assert quality_warnings(FaceQuality(**{**vars(GOOD), **changed})) == words
