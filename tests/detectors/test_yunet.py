"""YuNet behind OpenCV."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from faceline.core.errors import InputError
from faceline.detection.detections import DetectorSettings
from faceline.detectors.yunet import Yunet


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
