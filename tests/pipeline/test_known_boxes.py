"""Boxes from files in the place of a detector."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from faceline.core.errors import InputError
from faceline.detection.detections import Detections
from faceline.pipeline.known_boxes import KnownBoxes, read_boxes


def find(detector: KnownBoxes, *names: str) -> list[Detections]:
    return detector.find([np.zeros((80, 100, 3), np.uint8)] * len(names), names)


def test_boxes_are_found_by_path_or_by_file_name() -> None:
    detector = KnownBoxes({"x/a.jpg": np.array([[1.0, 2, 3, 4]]), "a.jpg": np.array([[5.0, 6, 7, 8]])})
    first, second, none = find(detector, "x/a.jpg", "y/a.jpg", "b.jpg")
    assert first.boxes.tolist() == [[1, 2, 3, 4]]
    assert second.boxes.tolist() == [[5, 6, 7, 8]]
    assert none.boxes.shape == (0, 4)


def test_they_are_in_celebas_convention_already() -> None:
    detector = KnownBoxes({"a.jpg": np.array([[1.5, 2, 3, 4]])})
    (found,) = find(detector, "a.jpg")
    np.testing.assert_array_equal(detector.celeba_boxes(found), [[1.5, 2, 3, 4]])
    assert np.isnan(found.points).all()


def test_empty_boxes_are_left_out_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "boxes.txt").write_text("2\nimage_id x_1 y_1 width height\na.jpg 1 2 3 4\nb.jpg 1 2 0 4\n")
    first, none = find(read_boxes(tmp_path / "boxes.txt"), "a.jpg", "b.jpg")
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
    first, second = find(read_boxes(tmp_path / "boxes"), "a.jpg", "b.jpg")
    assert first.boxes.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert second.boxes.tolist() == [[1.5, 2, 3, 4]]


def test_what_detect_prints_can_be_given_back(tmp_path: Path) -> None:
    """The detector's own boxes stand beside them, and are not taken."""
    celeba = {"x": 1, "y": 2, "width": 3, "height": 4}
    face = {"box": {"x": 9, "y": 9, "width": 9, "height": 9}, "detector": "mtcnn", "celeba_box": celeba, "score": 1}
    printed = {"photos": [{"photo": "a.jpg", "faces": [face]}, {"photo": "b.jpg", "faces": []}]}
    (tmp_path / "faces.json").write_text(json.dumps(printed))
    first, none = find(read_boxes(tmp_path / "faces.json"), "a.jpg", "b.jpg")
    assert first.boxes.tolist() == [[1, 2, 3, 4]]
    assert none.boxes.shape == (0, 4)


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
    with pytest.raises(InputError, match="no such file"):
        read_boxes(tmp_path / "none.csv")
