"""Boxes, points and names in a copy of the photo."""

from __future__ import annotations

import numpy as np
import pytest

from faceline.pipeline.draw import draw_faces
from faceline.pipeline.found_faces import FoundFace, PhotoFaces
from faceline.pipeline.photo_files import Photo

GREY = 128


def found(*boxes: list[float], points: np.ndarray | None = None, reject: str = "") -> PhotoFaces:
    photo = Photo("a.jpg", "ok", image=np.full((200, 300, 3), GREY, np.uint8))
    faces = [FoundFace(np.array(box), "fake", np.array(box), 0.9, points, reject=reject) for box in boxes]
    return PhotoFaces(photo, "ok", tuple(faces))


def changed(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of all pixels that are no longer grey."""
    return np.nonzero((picture != GREY).any(axis=2))


def test_a_box_is_drawn_where_it_lies_and_the_photo_is_left_alone() -> None:
    entry = found([60.0, 70, 80, 50])
    picture = draw_faces(entry)
    assert (entry.photo.image == GREY).all()
    rows, columns = changed(picture)
    assert (rows.min(), rows.max()) == pytest.approx((70, 120), abs=1)
    assert (columns.min(), columns.max()) == pytest.approx((60, 140), abs=1)
    assert (picture[80:110, 70:130] == GREY).all()
    assert picture[70, 100].tolist() == [60, 220, 90]


def test_a_face_that_cannot_be_aligned_has_another_colour() -> None:
    plain, rejected = (draw_faces(found([60.0, 70, 80, 50], reject=reject)) for reject in ("", "poor_fit"))
    assert plain[70, 100].tolist() != rejected[70, 100].tolist()


def test_the_landmarks_are_marked() -> None:
    points = np.array([[80.0, 90], [120, 90], [100, 100], [85, 110], [115, 110]])
    picture = draw_faces(found([60.0, 70, 80, 50], points=points))
    for x, y in points.astype(int):
        assert picture[y, x].tolist() == [255, 235, 60]
    assert (picture[84:116, 94:106] == GREY).all(axis=2).mean() > 0.7


def letters(picture: np.ndarray) -> np.ndarray:
    """The pixels inside the label's black ground that are not black, in reading order."""
    rows, columns = np.nonzero((picture == 0).all(axis=2))
    ground = picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    return ground[(ground > 0).any(axis=2)]


@pytest.mark.parametrize("box", [[-20.0, -15, 60, 60], [250.0, 2, 60, 60], [100.0, 150, 90, 90], [290.0, 190, 9, 9]])
@pytest.mark.parametrize("label", ["Ada 0.71", "Łukasz Ødegård", "张伟", "Ελένη"])
def test_a_label_is_whole_wherever_the_box_lies(box: list[float], label: str) -> None:
    expected = letters(draw_faces(found([60.0, 70, 80, 50]), [label]))
    assert len(expected) > 40
    np.testing.assert_array_equal(letters(draw_faces(found(box), [label])), expected)


def test_names_in_different_letters_look_different() -> None:
    pictures = [
        draw_faces(found([60.0, 70, 80, 50]), [name]).tobytes() for name in ("Łukasz", "Žukasz", "張偉", "王芳")
    ]
    assert len(set(pictures)) == 4


def test_faces_without_a_label_have_none() -> None:
    entry = found([60.0, 70, 80, 50], [160.0, 70, 80, 50])
    assert np.array_equal(draw_faces(entry), draw_faces(entry, ["", ""]))
    assert np.array_equal(draw_faces(entry, ["Ada"]), draw_faces(entry, ["Ada", ""]))
