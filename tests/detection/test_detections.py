"""What all detectors share: photo sizes, thresholds, the convention of boxes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from tool_fakes import face_at

from faceline.boxes.boxes import BoxMap, box_around
from faceline.core.errors import InputError
from faceline.detection.detections import Detections, Detector, DetectorSettings, read_box_map, write_box_map


class Told(Detector):
    """Answers by a function of the image."""

    name = "told"
    default_min_score = 0.9

    def __init__(self, answer: Callable[[np.ndarray], Detections], **settings: object) -> None:
        super().__init__(DetectorSettings(**settings))
        self._answer = answer

    def detect(self, images: Sequence[np.ndarray]) -> list[Detections]:
        return [self._answer(image) for image in images]


def photo(width: int = 100, height: int = 80) -> np.ndarray:
    return np.zeros((height, width, 3), np.uint8)


def test_detections_on_a_reduced_photo_come_back_to_its_own_px() -> None:
    seen = []

    def corners(image: np.ndarray) -> Detections:
        """A point in the middle of each corner's pixel and a box that fills the image."""
        seen.append(image.shape)
        height, width = image.shape[:2]
        points = np.array([[[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1], [0, 0]]], float)
        return Detections(np.array([[0.0, 0, width, height]]), np.array([0.95]), points)

    small, found = Told(corners, max_photo_px=500).find([photo(400, 300), photo(2000, 1000)])
    assert seen == [(300, 400, 3), (250, 500, 3)]
    assert small.boxes[0] == pytest.approx([0, 0, 400, 300])
    assert found.boxes[0] == pytest.approx([0, 0, 2000, 1000])
    # the middle of a pixel of four px lies between the second and the third of them
    assert found.points[0, 0] == pytest.approx([1.5, 1.5])
    assert found.points[0, 3] == pytest.approx([1997.5, 997.5])


def faces(scores: Sequence[float], sides: Sequence[float]) -> Callable[[np.ndarray], Detections]:
    boxes = np.array([[0.0, 0, side, side] for side in sides])
    return lambda image: Detections(boxes, np.array(scores), np.zeros((len(scores), 5, 2)))


@pytest.mark.parametrize(("asked", "kept"), [(None, [0.95, 0.9]), (0.5, [0.95, 0.9, 0.6]), (0.93, [0.95])])
def test_low_scores_are_dropped_and_the_best_comes_first(asked: float | None, kept: list[float]) -> None:
    (found,) = Told(faces([0.6, 0.9, 0.95], [50, 50, 50]), min_score=asked).find([photo()])
    assert found.scores.tolist() == kept


def test_small_boxes_are_dropped_in_photo_px() -> None:
    detector = Told(faces([0.95, 0.94], [10, 20]), min_face_px=35, max_photo_px=100)
    (found,) = detector.find([photo(200, 160)])
    assert found.boxes[:, 2].tolist() == [40]
    detector = Told(faces([0.95, 0.94], [10, 20]), min_face_px=35)
    assert len(detector.find([photo()])[0].boxes) == 0


def test_no_faces_are_no_faces() -> None:
    (found,) = Told(lambda image: Detections.none()).find([photo(3000, 10)])
    assert (found.boxes.shape, found.points.shape) == ((0, 4), (0, 5, 2))


def test_boxes_come_to_celebas_convention_by_the_map_or_else_by_the_points() -> None:
    points, box = face_at(2.0, (100, 50))
    found = Detections(box[None], np.ones(1), points[None])
    detector = Told(lambda image: found)
    assert detector.celeba_boxes(found)[0] == pytest.approx(box_around(points))
    detector.box_map = BoxMap(1.19, 1.3, 0.0, 0.05)
    (mapped,) = detector.celeba_boxes(found)
    assert mapped[2:] == pytest.approx(box[2:] * [1.19, 1.3])
    assert mapped[1] + mapped[3] / 2 == pytest.approx(box[1] + box[3] / 2 + 0.05 * box[3])


def test_a_map_comes_back_with_the_detector_it_was_measured_for(tmp_path: Path) -> None:
    measured = BoxMap(1.19, 1.385, 0.01, -0.02)
    write_box_map(tmp_path / "models/box_map.json", "yunet", measured)
    assert read_box_map(tmp_path / "models/box_map.json") == ("yunet", measured)
    values = json.loads((tmp_path / "models/box_map.json").read_text())
    assert values == {
        "detector": "yunet",
        "width_factor": 1.19,
        "height_factor": 1.385,
        "shift_x": 0.01,
        "shift_y": -0.02,
    }


@pytest.mark.parametrize(
    "text", [None, "not json", "[1]", "{}", '{"detector": "mtcnn", "width": 3}', '{"width_factor": 1}']
)
def test_what_is_no_box_map_is_refused(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "box_map.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match="detect_landmarks"):
        read_box_map(path)
