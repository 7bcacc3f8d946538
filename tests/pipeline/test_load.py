"""What a run of the tool loads, and which box map it takes."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from field_nets import save_mean_net
from tool_fakes import DIM, MODEL, face_at, write_onnx_models

from faceline.boxes.boxes import BoxMap, box_around
from faceline.core.errors import InputError
from faceline.detection import registry
from faceline.detection.detections import Detections, Detector, DetectorSettings, write_box_map
from faceline.pipeline import load as module
from faceline.pipeline.load import has_usable_predictor, load, load_detector
from faceline.pipeline.photo_files import Photo
from faceline.pipeline.setup import Setup

MEASURED = BoxMap(1.2, 1.3, 0.0, 0.1)


class Still(Detector):
    """A detector that needs no model."""

    name = "mtcnn"
    default_min_score = 0.5

    def detect(self, images: list) -> list[Detections]:
        return [Detections.none() for _ in images]


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setup:
    monkeypatch.setattr(registry, "load_detector", lambda name, settings: Still(settings))
    return Setup(models=tmp_path, device="cpu")


def celeba_box(detector: Detector) -> np.ndarray:
    points, box = face_at(1.0, (10, 20))
    return detector.celeba_boxes(Detections(box[None], np.ones(1), points[None]))[0]


def test_boxes_go_through_the_map_that_was_measured_for_the_detector(setup: Setup) -> None:
    write_box_map(setup.models / "box_map.json", "mtcnn", MEASURED)
    _, box = face_at(1.0, (10, 20))
    assert celeba_box(load_detector(setup)) == pytest.approx(MEASURED.apply(box))


@pytest.mark.parametrize("measured_for", ["yunet", None])
def test_without_a_map_of_its_own_a_detectors_points_place_the_box(setup: Setup, measured_for: str | None) -> None:
    if measured_for:
        write_box_map(setup.models / "box_map.json", measured_for, MEASURED)
    points, _ = face_at(1.0, (10, 20))
    assert celeba_box(load_detector(setup)) == pytest.approx(box_around(points))


def test_a_broken_map_is_an_error_and_not_passed_over(setup: Setup) -> None:
    (setup.models / "box_map.json").write_text("{}")
    with pytest.raises(InputError, match=r"box_map\.json"):
        load_detector(setup)


def test_known_boxes_take_no_measured_map(setup: Setup) -> None:
    write_box_map(setup.models / "box_map.json", "boxes", MEASURED)
    (setup.models / "boxes.csv").write_text("image,x,y,width,height\na.jpg,1,2,3,4\n")
    detector = load_detector(replace(setup, detector="boxes", boxes=setup.models / "boxes.csv"))
    assert detector.box_map == BoxMap()


def test_the_users_choices_reach_the_detector(setup: Setup) -> None:
    chosen = replace(setup, detector_model="net.onnx", min_face_px=25.0, max_photo_px=640, min_score=0.3)
    assert load_detector(chosen).settings == DetectorSettings("net.onnx", 25.0, 640, 0.3, "cpu")


def test_the_steps_load_what_they_need_and_no_more(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    write_onnx_models(setup.models)
    monkeypatch.setattr(module, "load_detector", lambda setup: Still(DetectorSettings()))
    onnx = replace(setup, runtime="onnx")
    (setup.models / "recognizer.onnx").rename(setup.models / "away.onnx")
    found = load(onnx, "align")
    assert found.pipeline._predictor is not None
    assert (found.model, found.dim) == ("", 0)
    with pytest.raises(InputError, match=r"recognizer\.onnx"):
        load(onnx, "embed")
    (setup.models / "away.onnx").rename(setup.models / "recognizer.onnx")
    (setup.models / "hourglass.onnx").unlink()
    assert load(onnx, "detect").pipeline._predictor is None
    write_onnx_models(setup.models)
    found = load(onnx, "embed")
    assert (found.model, found.dim) == (MODEL, DIM)


def test_a_net_of_synthetic_faces_is_not_usable(setup: Setup) -> None:
    onnx = replace(setup, runtime="onnx")
    assert not has_usable_predictor(onnx)
    write_onnx_models(setup.models, synthetic=True)
    assert not has_usable_predictor(onnx)
    write_onnx_models(setup.models)
    assert has_usable_predictor(onnx)


@pytest.fixture
def field_setup(setup: Setup, tmp_path: Path) -> Setup:
    """A recogniser from the field of six numbers, and no models in the folder."""
    save_mean_net(tmp_path / "net.onnx")
    facts = "file: net.onnx\ninput_px: 112\ntemplate: arcface\ncolour_order: RGB\nmean: 0\nscale: 1\n"
    (tmp_path / "net.yaml").write_text(f"{facts}embedding_dim: 6\n")
    return replace(setup, recognizer=str(tmp_path / "net.yaml"), device="cuda")


def test_a_recogniser_from_the_field_needs_no_folder_of_models(
    field_setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def note(name: str, settings: DetectorSettings) -> Still:
        asked.append((name, settings.device))
        return Still(settings)

    monkeypatch.setattr(registry, "load_detector", note)
    loaded = load(field_setup, "embed")
    assert asked == [("yunet", "cpu")]
    assert loaded.pipeline._predictor is None
    assert loaded.dim == 6
    assert loaded.model == hashlib.sha256((field_setup.models / "net.onnx").read_bytes()).hexdigest()
    load(replace(field_setup, detector="mtcnn", device="cpu"), "embed")
    assert asked[1][0] == "mtcnn"


def test_its_faces_are_aligned_by_the_detectors_points_whatever_the_folder_holds(field_setup: Setup) -> None:
    write_onnx_models(field_setup.models)
    assert load(replace(field_setup, runtime="onnx"), "align").pipeline._predictor is None
    points, box = face_at(1.5, (20, 30))
    image = np.full((300, 300, 3), (90, 120, 150), np.uint8)
    pipeline = load(replace(field_setup, runtime="onnx"), "embed").pipeline
    pipeline._detector.detect = lambda images: [Detections(box[None], np.ones(1), points[None])]
    (found,) = pipeline.run([Photo("a.jpg", "ok", image=image)])
    assert found.faces[0].landmarks is None
    assert found.faces[0].to_photo == pytest.approx(np.array([[1.5, 0, 20], [0, 1.5, 30]]), abs=1e-6)
    colour = np.repeat([90, 120, 150], 2)
    assert found.faces[0].embedding == pytest.approx(colour / np.linalg.norm(colour), abs=1e-4)


def test_boxes_without_points_take_the_folders_landmark_net(field_setup: Setup) -> None:
    (field_setup.models / "boxes.csv").write_text("image,x,y,width,height\na.jpg,1,2,3,4\n")
    known = replace(field_setup, detector="boxes", boxes=field_setup.models / "boxes.csv", runtime="onnx")
    with pytest.raises(InputError, match=r"hourglass\.onnx"):
        load(known, "embed")
    write_onnx_models(field_setup.models)
    assert load(known, "embed").pipeline._predictor is not None


def test_a_face_without_points_is_rejected_and_said_to_be(field_setup: Setup) -> None:
    _, box = face_at(1.5, (20, 30))
    pipeline = load(field_setup, "embed").pipeline
    pipeline._detector.detect = lambda images: [Detections(box[None], np.ones(1), np.full((1, 5, 2), np.nan))]
    (found,) = pipeline.run([Photo("a.jpg", "ok", image=np.zeros((300, 300, 3), np.uint8))])
    assert found.faces[0].reject == "landmarks_not_finite"
