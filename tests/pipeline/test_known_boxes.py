"""Detectors: boxes from files, YuNet behind OpenCV, MTCNN's scaling, and all of them in CelebA's convention."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from tool_fakes import face_at

from faceline.core.errors import InputError
from faceline.geometry.boxes import BoxMap, box_around
from faceline.pipeline import detect
from faceline.detection.detectors_old import BoxesDetector, MtcnnDetector, YunetDetector, read_boxes, to_celeba
from faceline.detectors.mtcnn import Detections
from faceline.pipeline.photo_files import Photo


def photo(name: str = "a.jpg", size: tuple[int, int] = (100, 80)) -> Photo:
    return Photo(name, "ok", image=np.zeros((size[1], size[0], 3), np.uint8))


def test_boxes_are_found_by_path_or_by_file_name(tmp_path: Path) -> None:
    detector = BoxesDetector({"x/a.jpg": np.array([[1.0, 2, 3, 4]]), "a.jpg": np.array([[5.0, 6, 7, 8]])})
    first, second, none = detector.find([photo("x/a.jpg"), photo("y/a.jpg"), photo("b.jpg")])
    assert first.boxes.tolist() == [[1, 2, 3, 4]]
    assert second.boxes.tolist() == [[5, 6, 7, 8]]
    assert none.boxes.shape == (0, 4)


def test_empty_boxes_are_left_out_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "boxes.txt").write_text("2\nimage_id x_1 y_1 width height\na.jpg 1 2 3 4\nb.jpg 1 2 0 4\n")
    first, none = read_boxes(tmp_path / "boxes.txt").find([photo("a.jpg"), photo("b.jpg")])
    assert (first.boxes.tolist(), len(none.boxes)) == ([[1, 2, 3, 4]], 0)
    assert "1 rows hold an empty box and are left out, the first is row 3" in caplog.text


@pytest.mark.parametrize(
    "text",
    [
        "image,x,y,width,height\na.jpg,1,2,3,4\na.jpg,5,6,7,8\nb.jpg,1.5,2,3,4\n",
        "image_id,x_1,y_1,width,height\na.jpg,1,2,3,4\na.jpg,5,6,7,8\nb.jpg,1.5,2,3,4\n",
        "3\nimage_id x_1 y_1 width height\na.jpg  1 2   3 4\na.jpg 5 6 7 8\nb.jpg 1.5 2 3 4\n",
    ],
)
def test_box_lists_in_all_their_forms(tmp_path: Path, text: str) -> None:
    (tmp_path / "boxes").write_text(text)
    detector = read_boxes(tmp_path / "boxes")
    assert detector.convention == "celeba"
    assert {name: boxes.tolist() for name, boxes in detector.boxes.items()} == {
        "a.jpg": [[1, 2, 3, 4], [5, 6, 7, 8]],
        "b.jpg": [[1.5, 2, 3, 4]],
    }


def test_what_detect_prints_can_be_given_back(tmp_path: Path) -> None:
    face = {"box": {"x": 1, "y": 2, "width": 3, "height": 4}, "box_convention": "mtcnn", "score": 1}
    printed = {"photos": [{"photo": "a.jpg", "faces": [face]}, {"photo": "b.jpg", "faces": []}]}
    (tmp_path / "faces.json").write_text(json.dumps(printed))
    detector = read_boxes(tmp_path / "faces.json")
    assert detector.convention == "mtcnn"
    assert detector.boxes["a.jpg"].tolist() == [[1, 2, 3, 4]]
    assert detector.find([photo("b.jpg")])[0].boxes.shape == (0, 4)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "no boxes"),
        ("image,x,y,width,height\n", "no boxes"),
        ("image,x,y,width\na.jpg,1,2,3\n", "row 2"),
        ("image,x,y,width,height\na.jpg,1,2,0,4\n", "no boxes"),
        ("image,x,y,width,height\na.jpg,1,2,three,4\n", "row 2"),
        ("image,x,y,width,height\na.jpg,1,2,nan,4\n", "row 2"),
        ('{"photos": [{"photo": "a.jpg", "faces": [{}]}]}', "detect"),
        ("[1, 2", "detect"),
    ],
)
def test_faulty_box_lists_name_the_row(tmp_path: Path, text: str, word: str) -> None:
    (tmp_path / "boxes.csv").write_text(text)
    with pytest.raises(InputError, match=word):
        read_boxes(tmp_path / "boxes.csv")


def test_missing_box_list(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_boxes(tmp_path / "none.csv")


def test_detections_on_a_reduced_photo_come_back_to_its_own_px(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}

    def find_faces(images: list, nets: object, min_face_px: float) -> list[Detections]:
        seen["shape"] = images[0].shape
        # a point in the middle of pixel 0 and a box that fills the image
        height, width = images[0].shape[:2]
        points = np.array([[[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1], [0, 0]]], float)
        return [Detections(np.array([[0.0, 0, width, height]]), np.array([0.95]), points)]

    monkeypatch.setattr(detect, "find_faces", find_faces)
    (found,) = MtcnnDetector(nets=None, max_photo_px=500).find([photo(size=(2000, 1000))])
    assert seen["shape"] == (250, 500, 3)
    assert found.boxes[0] == pytest.approx([0, 0, 2000, 1000])
    # the middle of a pixel of four px lies between the second and the third of them
    assert found.points[0, 0] == pytest.approx([1.5, 1.5])
    assert found.points[0, 3] == pytest.approx([1997.5, 997.5])


def test_low_scores_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = np.array([0.95, 0.85])
    found = Detections(np.ones((2, 4)), scores, np.zeros((2, 5, 2)))
    monkeypatch.setattr(detect, "find_faces", lambda *_: [found])
    (kept,) = MtcnnDetector(nets=None, min_score=0.9).find([photo()])
    assert kept.scores.tolist() == [0.95]


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
    detector = YunetDetector(tmp_path / "yunet.onnx", min_face_px=10)
    bright = Photo("a", "ok", image=np.full((100, 100, 3), 200, np.uint8))
    found, none = detector.find([bright, photo("b")])
    assert found.scores == pytest.approx([0.85])  # the other is smaller than asked for
    assert found.points[0, 0, 0] < found.points[0, 1, 0]  # left eye first, from the viewer's side
    assert len(none.boxes) == 0


def test_yunet_says_what_is_wrong_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--yunet"):
        YunetDetector(tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("not a net")
    with pytest.raises(InputError, match="YuNet"):
        YunetDetector(tmp_path / "text.onnx")


def test_every_convention_comes_to_celebas() -> None:
    points, box = face_at(2.0, (100, 50))
    grow = BoxMap(1.19, 1.3, 0.0, 0.05)
    assert to_celeba(box[None], points[None], "celeba", grow)[0] == pytest.approx(box)
    assert to_celeba(box[None], points[None], "yunet", grow)[0] == pytest.approx(box_around(points))
    mapped = to_celeba(box[None], points[None], "mtcnn", grow)[0]
    assert mapped[2:] == pytest.approx(box[2:] * [1.19, 1.3])
