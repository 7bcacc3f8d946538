"""The four landmark stages one after another on a tiny synthetic set, without DVC."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny_landmarks import PARAMS, colour_spots, synthetic_faces

from faceline.boxes.boxes import BoxMap, box_around
from faceline.core.columns import ATTRIBUTES, BOX_COLUMNS
from faceline.core.errors import InputError
from faceline.data.crops.params import CropParams
from faceline.detection.detections import Detections, Detector, DetectorSettings, read_box_map
from faceline.detection.params import DetectionParams
from faceline.engines.params import EngineParams
from faceline.imaging import parallel
from faceline.landmarks.detected.detected_faces import DETECTED_BOX, DETECTED_POINTS, read_detected
from faceline.landmarks.evaluation.params import LandmarkEvaluationParams
from faceline.landmarks.net.predictor import LandmarkPredictor
from faceline.landmarks.sets.params import LandmarkSetParams
from faceline.models.params import RuntimeParams
from faceline.packed.sets import PackedSet, read_rejected
from faceline.training.checkpoint import Checkpoint
from stages import detect_landmarks as detection_stage
from stages.crop_landmarks import crop_landmarks
from stages.detect_landmarks import detect_landmarks
from stages.evaluate_landmarks import evaluate_landmarks
from stages.train_landmarks import train_landmarks

CROP = CropParams(context=0.3, max_px=384, jpeg_quality=95)
SET = LandmarkSetParams(source="selected")
DETECTION = DetectionParams(detector="mtcnn", detector_model="none", min_face_px=20, max_photo_px=1024, min_score=0.5)
EVALUATION = LandmarkEvaluationParams(seed=1, bootstrap_samples=100, group_attributes=["Male"])
ENGINE = EngineParams(engine="local")
RUNTIME = RuntimeParams(device="cpu", threads=1, workers=1, devices=1, nodes=1)
LANDMARKS = PARAMS.model_copy(update={"stacks": 1, "epochs": 2})
ROLES = {"train": "train", "dev": "dev", "test": "query"}
FROM_CELEBA = BoxMap(0.8, 0.7, 0.02, -0.03)


class Spotter(Detector):
    """Finds the points by their colours; its boxes are smaller than CelebA's."""

    name = "mtcnn"
    default_min_score = 0.5

    def detect(self, images):
        points = [colour_spots(image)[None] for image in images]
        return [Detections(FROM_CELEBA.apply(box_around(one)), np.ones(1), one) for one in points]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A selection and its photos in a folder."""
    folder = tmp_path_factory.mktemp("data")
    rows, photos = synthetic_faces(80)
    (folder / "images").mkdir()
    for name in rows.image_id:
        (folder / "images" / name).write_bytes(photos.read(name))
    rows["role"] = rows.split.map(ROLES)
    rows["split"] = np.where(rows.role == "train", "train", "")
    rows.loc[3, "left_eye_x"] = 500
    rows.assign(**dict.fromkeys(ATTRIBUTES, 0)).to_csv(folder / "selected.csv", index=False)
    return folder


def run(folder, data, workers=1):
    """The stages in `folder`, the detector's stand-in among them."""
    runtime = RUNTIME.model_copy(update={"workers": workers})
    model, crops = folder / "hourglass.safetensors", folder / "crops"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(parallel, "usable_cores", lambda: workers)
        patch.setattr(detection_stage, "load_detector", lambda name, settings: Spotter(settings))
        crop_landmarks(SET, CROP, ENGINE, data / "selected.csv", data / "images", crops)
        detect_landmarks(
            DETECTION, runtime, crops, data / "images", folder / "found.parquet", folder / "box_map.json"
        )
        train_landmarks(LANDMARKS, runtime, crops, model, folder / "training")
        evaluate_landmarks(
            EVALUATION, runtime, model, crops, folder / "found.parquet", folder / "landmarks.json", folder / "report"
        )


@pytest.fixture(scope="module")
def done(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("done")
    run(folder, data)
    return folder


def test_crops_hold_what_the_later_stages_need(done):
    crops = PackedSet(done / "crops")
    known = {"source": "selected", "labels": "synthetic", "boxes": "dataset", "apart": "people"}
    assert crops.metadata == {"kind": "landmark_crops", **known}
    assert json.loads((done / "report/summary.json").read_text()) == known | {"detector": "mtcnn"}
    assert read_rejected(done / "crops").reason.tolist() == ["landmarks_outside_photo"]
    assert len(crops) == 79
    assert {"window_x", "stored_px", "photo_width", "split", "Male"} < set(crops.rows)


def test_the_detector_looked_at_train_and_test_faces(done):
    crops = PackedSet(done / "crops").rows.set_index("image_id")
    detector, found = read_detected(done / "found.parquet")
    assert detector == "mtcnn"
    assert found.index.tolist() == crops.index[crops.split != "dev"].tolist()
    assert found.split.tolist() == crops.split[crops.split != "dev"].tolist()
    np.testing.assert_allclose(found[DETECTED_BOX], crops.loc[found.index, BOX_COLUMNS], atol=1.5)
    points = crops.loc[found.index, [name.removeprefix("detected_") for name in DETECTED_POINTS]]
    np.testing.assert_allclose(found[DETECTED_POINTS], points, atol=1)


def test_the_box_map_says_whose_it_is_and_undoes_the_detectors_convention(done):
    detector, box_map = read_box_map(done / "box_map.json")
    box = np.array([30, 40, 50, 69.25])
    assert detector == "mtcnn"
    np.testing.assert_allclose(box_map.apply(FROM_CELEBA.apply(box)), box, atol=0.5)


def test_the_detector_is_the_one_of_the_parameters(data, done, tmp_path, monkeypatch):
    asked = []

    def load(name, settings):
        asked.append((name, settings))
        return Spotter(settings)

    monkeypatch.setattr(detection_stage, "load_detector", load)
    detect_landmarks(DETECTION, RUNTIME, done / "crops", data / "images", tmp_path / "out", tmp_path / "map")
    assert asked == [("mtcnn", DetectorSettings("none", 20, 1024, 0.5, "cpu"))]


def test_the_model_says_what_it_was_trained_on(done):
    predictor = LandmarkPredictor.load(done / "hourglass.safetensors")
    assert predictor.synthetic
    assert predictor.metadata["labels"] == "synthetic"
    assert predictor.metadata["config"]["channels"] == LANDMARKS.channels
    curves = pd.read_csv(done / "training/curves.csv")
    assert list(curves.columns) == ["epoch", "learning_rate", "train_loss", "dev_nme"]
    chosen = pd.read_csv(done / "training/chosen.csv").set_index("checkpoint")
    assert chosen.dev_nme["best"] == pytest.approx(curves.dev_nme.min(), rel=1e-4)
    assert chosen.dev_nme["last"] == pytest.approx(curves.dev_nme.iloc[-1], rel=1e-4)


def test_metrics_are_flat_and_without_a_comparison_where_labels_are_synthetic(done):
    metrics = json.loads((done / "landmarks.json").read_text())
    assert metrics["images"] == 16
    assert metrics["defects_landmarks_outside_photo"] == 1
    assert (metrics["detector_looked"], metrics["detector_missed"]) == (16, 0)
    assert not [name for name in metrics if "detector_points" in name]
    assert all(value is None or isinstance(value, int | float) for value in metrics.values())


@pytest.mark.parametrize("workers", [1, 4])
def test_the_same_inputs_give_the_same_bytes_and_nothing_else_is_left(done, data, tmp_path, workers):
    run(tmp_path, data, workers)
    files = [path.relative_to(done) for path in done.rglob("*") if path.is_file()]
    assert files
    assert sorted(files) == sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    for name in files:
        assert (done / name).read_bytes() == (tmp_path / name).read_bytes(), name


def test_a_changed_parameter_takes_up_no_checkpoint(done, tmp_path, monkeypatch, caplog):
    caplog.set_level("INFO")
    monkeypatch.chdir(tmp_path)

    def train(params, name):
        train_landmarks(params, RUNTIME, done / "crops", Path(f"{name}.safetensors"), Path(name))
        return Path(f"{name}.safetensors").read_bytes()

    def save_and_end(self, state, save=Checkpoint.save):
        save(self, state)
        raise InterruptedError  # as if it were killed after its first checkpoint

    changed = LANDMARKS.model_copy(update={"weight_decay": 0.5})
    whole = train(changed, "whole")
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "save", save_and_end)
        with pytest.raises(InterruptedError):
            train(LANDMARKS, "killed")
    assert train(changed, "changed") == whole
    assert "resuming" not in caplog.text
    assert train(LANDMARKS, "killed") == (done / "hourglass.safetensors").read_bytes()
    assert "resuming after epoch 1 of 2" in caplog.text


def test_a_missing_selection_is_named(data, tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        crop_landmarks(SET, CROP, ENGINE, tmp_path / "nowhere.csv", data / "images", tmp_path / "out")
    assert not (tmp_path / "out").exists()
