"""YuNet run by ONNX Runtime, against OpenCV's own."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage
from tool_fakes import write_onnx_models

from faceline.boxes.boxes import BoxMap, iou
from faceline.core.errors import InputError
from faceline.detection.detections import DetectorSettings
from faceline.detectors.yunet import Yunet
from faceline.field.cache import CACHE_VARIABLE
from faceline.imaging.images import decode_rgb
from real_data import SHARED, YUNET, needs_celeba, needs_yunet

YUNET_SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"


def test_yunet_says_what_is_wrong_with_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    with pytest.raises(InputError, match="`faceline fetch yunet` downloads it"):
        Yunet(DetectorSettings())
    with pytest.raises(InputError, match=r"none\.onnx: no such file"):
        Yunet(DetectorSettings(str(tmp_path / "none.onnx")))
    (tmp_path / "text.onnx").write_text("not a net")
    with pytest.raises(InputError, match=r"text\.onnx: not an ONNX file"):
        Yunet(DetectorSettings(str(tmp_path / "text.onnx")))
    write_onnx_models(tmp_path)
    with pytest.raises(InputError, match=r"hourglass\.onnx: not YuNet"):
        Yunet(DetectorSettings(str(tmp_path / "hourglass.onnx")))


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


@needs_yunet
def test_every_size_and_no_face(field_cache: Path) -> None:
    """Sizes that are no multiple of 32, down to a single pixel; noise is no face."""
    noise = np.random.default_rng(0)
    sizes = [(1, 1), (31, 65), (64, 33), (200, 90)]
    photos = [noise.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes]
    found = Yunet(DetectorSettings()).find([*photos, skimage.data.astronaut()])
    assert [len(one.boxes) for one in found] == [0, 0, 0, 0, 1]
    assert found[0].points.shape == (0, 5, 2)


@needs_yunet
def test_overlapping_finds_of_low_score_are_kept_as_opencv_keeps_them() -> None:
    photo = np.hstack([skimage.data.astronaut()[:256, 100:356], skimage.data.astronaut()[:256, 90:340]])
    net = cv2.FaceDetectorYN.create(str(YUNET), "", photo.shape[1::-1], 0.01, 0.3, 5000)
    rows = net.detect(np.ascontiguousarray(photo[:, :, ::-1]))[1]
    (found,) = Yunet(DetectorSettings(str(YUNET), min_face_px=0, min_score=0.01)).find([photo])
    assert len(rows) > 10
    expected = rows[np.argsort(-rows[:, 14])]
    np.testing.assert_allclose(found.boxes, expected[:, :4], atol=0.05)
    np.testing.assert_allclose(found.scores, expected[:, 14], atol=1e-4)


@needs_yunet
def test_it_goes_to_another_process_with_its_settings_and_its_map() -> None:
    here = Yunet(DetectorSettings(str(YUNET), 30, 640, 0.7))
    here.box_map = BoxMap(1.2, 1.3, 0.0, 0.1)
    there = pickle.loads(pickle.dumps(here))
    assert (there.settings, there.box_map, there.min_score) == (here.settings, here.box_map, 0.7)
    photo = skimage.data.astronaut()
    for one, other in zip(here.find([photo]), there.find([photo]), strict=True):
        np.testing.assert_array_equal(one.boxes, other.boxes)
