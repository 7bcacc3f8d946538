"""YuNet behind OpenCV."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage

from faceline.boxes.boxes import iou
from faceline.core.errors import InputError
from faceline.detection.detections import DetectorSettings
from faceline.detectors.yunet import Yunet
from faceline.imaging.images import decode_rgb
from real_data import SHARED, YUNET, needs_celeba, needs_yunet

YUNET_SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"


class FakeYunet:
    """Answers in OpenCV's order: box, then the subject's right eye, left eye, nose, right and left mouth corner."""

    def setInputSize(self, size: tuple[int, int]) -> None:  # noqa: N802
        self.size = size

    def detect(self, image: np.ndarray) -> tuple[int, np.ndarray | None]:
        assert image.shape[1::-1] == self.size
        if image.max() == 0:
            return 1, None
        points = [30, 40, 60, 40, 45, 55, 33, 70, 57, 70]
        return 1, np.array([[20, 20, 50, 60, *points, 0.85], [0, 0, 5, 6, *points, 0.95]], np.float32)


def test_yunet_through_opencv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "yunet.onnx").touch()
    monkeypatch.setattr(cv2.FaceDetectorYN, "create", lambda *_: FakeYunet())
    detector = Yunet(DetectorSettings(str(tmp_path / "yunet.onnx"), min_face_px=10))
    found, none = detector.find([np.full((100, 100, 3), value, np.uint8) for value in (200, 0)])
    assert found.scores == pytest.approx([0.85])  # the other is smaller than asked for
    assert found.points[0, 0, 0] < found.points[0, 1, 0]  # left eye first, from the viewer's side
    assert len(none.boxes) == 0


def test_yunet_says_what_is_wrong_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--detector-model"):
        Yunet(DetectorSettings(str(tmp_path / "none.onnx")))
    (tmp_path / "text.onnx").write_text("not a net")
    with pytest.raises(InputError, match="YuNet"):
        Yunet(DetectorSettings(str(tmp_path / "text.onnx")))


def opencv_alone(photo: np.ndarray, min_face_px: float) -> np.ndarray:
    """(n, 15) what OpenCV says without us, best score first."""
    height, width = photo.shape[:2]
    net = cv2.FaceDetectorYN.create(str(YUNET), "", (width, height), 0.8, 0.3, 5000)
    _, rows = net.detect(np.ascontiguousarray(photo[:, :, ::-1]))
    rows = np.zeros((0, 15)) if rows is None else rows[np.argsort(-rows[:, 14])]
    return rows[np.minimum(rows[:, 2], rows[:, 3]) >= min_face_px]


def agrees_with_opencv(photo: np.ndarray) -> int:
    """Asserts that we find what OpenCV finds, and returns how many faces that is."""
    (found,) = Yunet(DetectorSettings(str(YUNET), min_face_px=20)).find([photo])
    rows = opencv_alone(photo, 20)
    assert len(found.boxes) == len(rows)
    assert (iou(found.boxes, rows[:, :4].astype(float)) > 0.99).all()
    np.testing.assert_allclose(found.scores, rows[:, 14], atol=1e-3)
    np.testing.assert_allclose(found.points.reshape(-1, 10), rows[:, 4:14], atol=0.5)
    return len(rows)


@needs_yunet
def test_the_file_is_opencvs_own() -> None:
    assert hashlib.sha256(YUNET.read_bytes()).hexdigest() == YUNET_SHA256


@needs_yunet
def test_a_real_face_is_found_where_opencv_finds_it() -> None:
    assert agrees_with_opencv(skimage.data.astronaut()) == 1


@needs_yunet
@needs_celeba
def test_faces_of_real_photos_are_found_where_opencv_finds_them() -> None:
    photos = sorted((SHARED / "celeba/img_celeba").iterdir())[:12]
    counts = [agrees_with_opencv(decode_rgb(photo.read_bytes())) for photo in photos]
    assert sum(count >= 1 for count in counts) >= 10


@needs_yunet
def test_a_photo_that_is_brought_down_has_its_faces_in_its_own_px() -> None:
    """Every pixel twice, so that the photo brought down is the one that it was made of."""
    photo = skimage.data.astronaut()
    (found,) = Yunet(DetectorSettings(str(YUNET), max_photo_px=512)).find([photo.repeat(2, 0).repeat(2, 1)])
    ((*box, score),) = opencv_alone(photo, 20)[:, [0, 1, 2, 3, 14]]
    assert iou(found.boxes[0], 2 * np.array(box, float)) > 0.99
    assert found.scores == pytest.approx([score], abs=1e-3)
