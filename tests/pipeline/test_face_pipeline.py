"""The steps one by one and in a stream, with models that are known to the last bit."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from tool_fakes import FakeDetector, FakeEmbedder, FakePredictor, face_at, paint_face

from faceline.boxes.boxes import BoxMap
from faceline.pipeline import face_pipeline
from faceline.pipeline.face_pipeline import FacePipeline, sample_tile
from faceline.pipeline.found_faces import FoundFace, PhotoFaces, main_face
from faceline.pipeline.photo_files import Photo
from faceline.windows.windows import sample


def make(scale: float = 2.0, shift: tuple[float, float] = (30, 40)) -> tuple[Photo, np.ndarray, np.ndarray]:
    points, box = face_at(scale, shift)
    image = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (420, 400, 3), dtype=np.uint8), (0, 0), 4)
    image = cv2.normalize(image, None, 0, 255, cv2.NORM_MINMAX)
    return Photo("a.jpg", "ok", image=image), points, box


def test_steps_find_points_tile_and_embedding() -> None:
    photo, points, box = make()
    pipeline = FacePipeline(FakeDetector({"a.jpg": [box]}), FakePredictor(), FakeEmbedder())
    (found,) = pipeline.detect([photo])
    assert found.status == "ok"
    assert found.faces[0].landmarks is None
    (found,) = pipeline.find_landmarks([found])
    assert found.faces[0].landmarks == pytest.approx(points, abs=1e-6)
    (found,) = pipeline.align([found])
    assert found.faces[0].template_error == pytest.approx(0, abs=1e-6)
    (found,) = pipeline.embed([found])
    face = found.faces[0]
    assert np.linalg.norm(face.embedding) == pytest.approx(1, abs=1e-6)
    # the template scaled by two and shifted: the tile's px lie there in the photo
    assert face.to_photo == pytest.approx(np.array([[2.0, 0, 30], [0, 2, 40]]), abs=1e-6)
    assert np.abs(face.aligned.astype(int) - sample(photo.image, face.to_photo, 112)).mean() < 3


def test_the_detectors_box_goes_through_its_map() -> None:
    photo, points, box = make()
    shrunk = BoxMap(0.5, 0.5, 0.1, 0.0).apply(box)
    back = BoxMap(2.0, 2.0, -0.2, 0.0)
    (found,) = FacePipeline(FakeDetector({"a.jpg": [shrunk]}, back), FakePredictor()).run([photo], "landmarks")
    assert found.faces[0].landmarks == pytest.approx(points, abs=1e-6)
    assert found.faces[0].box == pytest.approx(shrunk)
    assert found.faces[0].celeba_box == pytest.approx(box)
    assert found.faces[0].detector == "fake"
    assert found.faces[0].detector_points is None


def test_a_stream_keeps_order_and_statuses_across_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_pipeline, "PHOTOS_PER_BATCH", 3)
    _, box = face_at(1.0, (5, 5))
    photos, boxes = [], {}
    for number in range(11):
        name = f"{number}.jpg"
        if number % 4 == 1:
            photos.append(Photo(name, "unreadable", "damaged"))
            continue
        image = np.full((150, 150, 3), 20, np.uint8)
        if number % 4 != 2:
            paint_face(image, box, seed=number)
            boxes[name] = [box]
        photos.append(Photo(name, "ok", image=image))
    pipeline = FacePipeline(FakeDetector(boxes), FakePredictor(), FakeEmbedder())
    found = list(pipeline.run(iter(photos)))
    assert [entry.name for entry in found] == [photo.name for photo in photos]
    expected = ["ok" if n % 4 in (0, 3) else "unreadable" if n % 4 == 1 else "no_face" for n in range(11)]
    assert [entry.status for entry in found] == expected
    vectors = np.stack([entry.faces[0].embedding for entry in found if entry.faces])
    assert (vectors @ vectors.T)[~np.eye(len(vectors), dtype=bool)].max() < 0.95
    alone = [next(iter(pipeline.run([photo]))) for photo in photos]
    for together, single in zip(found, alone, strict=True):
        for a, b in zip(together.faces, single.faces, strict=True):
            assert np.array_equal(a.embedding, b.embedding)


def test_large_photos_make_small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_pipeline, "PIXELS_PER_BATCH", 100)
    photos = [Photo(str(i), "ok", image=np.zeros((9, 9, 3), np.uint8)) for i in range(5)]
    assert [len(batch) for batch in face_pipeline._batches(photos)] == [2, 2, 1]


def test_faces_that_cannot_be_aligned_say_why_and_have_no_embedding() -> None:
    photo, _, box = make()
    tiny = np.concatenate([box[:2], box[2:] / 20])
    pipeline = FacePipeline(FakeDetector({"a.jpg": [box, tiny]}), FakePredictor(), FakeEmbedder())
    (found,) = pipeline.run([photo])
    assert [face.reject for face in found.faces] == ["", "eyes_too_close"]
    assert found.faces[1].embedding is None
    assert found.faces[0].embedding is not None


def test_without_a_landmark_net_the_detectors_points_align() -> None:
    photo, points, box = make()
    detector = FakeDetector({"a.jpg": [box, box]})
    pipeline = FacePipeline(detector)
    (found,) = pipeline.detect([photo])
    first, second = found.faces  # the stand-in gives no points
    given = replace(found, faces=(replace(first, detector_points=points), second))
    (aligned,) = pipeline.align(pipeline.find_landmarks([given]))
    assert aligned.faces[0].to_photo == pytest.approx(np.array([[2.0, 0, 30], [0, 2, 40]]), abs=1e-6)
    assert aligned.faces[0].landmarks is None
    assert aligned.faces[1].reject == "landmarks_not_finite"
    with pytest.raises(ValueError, match="recogniser"):
        pipeline.embed([aligned])


@pytest.mark.parametrize("scale", [0.3, 1.0, 1.4])
def test_a_tile_from_a_cut_equals_one_from_the_whole_photo(scale: float) -> None:
    rng = np.random.default_rng(3)
    photo = rng.integers(0, 256, (300, 500, 3), dtype=np.uint8)
    for corner in [(-40, -30), (200, 100), (450, 260)]:
        turn = scale * np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
        to_photo = np.concatenate([turn, np.array(corner, float)[:, None]], axis=1)
        difference = np.abs(sample_tile(photo, to_photo, 112).astype(int) - sample(photo, to_photo, 112))
        assert difference.max() <= 1 + 8 * (scale == 0.3)  # OpenCV's weights have five bits: they round elsewhere


def test_a_tile_of_a_face_far_outside_is_black() -> None:
    photo = np.full((100, 100, 3), 255, np.uint8)
    assert sample_tile(photo, np.array([[1.0, 0, 900], [0, 1, -700]]), 112).max() == 0


def face(box: list[float], score: float, reject: str = "") -> FoundFace:
    return FoundFace(np.array(box), "fake", np.array(box), score, reject=reject)


def test_the_main_face_is_large_and_central() -> None:
    photo = Photo("a", "ok", image=np.zeros((400, 400, 3), np.uint8))
    central = face([150.0, 150, 100, 100], 0.9)
    bystander = face([0.0, 0, 110, 110], 0.99)
    rejected = face([100.0, 100, 200, 200], 0.9, reject="poor_fit")
    assert main_face(PhotoFaces(photo, "ok", (bystander, rejected, central))) is central
    assert main_face(PhotoFaces(photo, "ok", (rejected,))) is None
    assert main_face(PhotoFaces(Photo("b", "unreadable"), "unreadable")) is None
