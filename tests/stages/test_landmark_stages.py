"""The three landmark stages one after another on a tiny drawn set, without DVC."""

import json

import numpy as np
import pandas as pd
import pytest
from tiny_landmarks import PARAMS, drawn_faces

from faceline.core.columns import ATTRIBUTES
from faceline.core.errors import InputError
from faceline.data.crops.params import CropParams
from faceline.evaluation.verification.params import EvaluationParams
from faceline.landmarks.net.predictor import LandmarkPredictor
from faceline.models.runtime import RuntimeParams
from faceline.packed.sets import PackedSet
from stages.crop_landmarks import crop_landmarks
from stages.evaluate_landmarks import evaluate_landmarks
from stages.train_landmarks import train_landmarks

CROP = CropParams(context=0.3, max_px=384, jpeg_quality=95)
EVALUATION = EvaluationParams(seed=1, bootstrap_samples=100, block_mb=64, group_attributes=["Male"], flip=True)
RUNTIME = RuntimeParams(device="cpu", threads=1, workers=1, devices=1, nodes=1)
LANDMARKS = PARAMS.model_copy(update={"stacks": 1, "epochs": 2})
ROLES = {"train": "train", "dev": "dev", "test": "query"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A selection and its photos in a folder."""
    folder = tmp_path_factory.mktemp("data")
    rows, photos = drawn_faces(40)
    (folder / "images").mkdir()
    for name in rows.image_id:
        (folder / "images" / name).write_bytes(photos.read(name))
    rows["role"] = rows.split.map(ROLES)
    rows["split"] = np.where(rows.role == "train", "train", "")
    rows.loc[3, "left_eye_x"] = 500
    rows.assign(**dict.fromkeys(ATTRIBUTES, 0)).to_csv(folder / "selected.csv", index=False)
    return folder


def run(folder, data):
    crop_landmarks(LANDMARKS, CROP, data / "selected.csv", data / "images", folder / "crops")
    train_landmarks(LANDMARKS, RUNTIME, folder / "crops", folder / "hourglass.safetensors", folder / "training")
    evaluate_landmarks(
        EVALUATION,
        RUNTIME,
        folder / "hourglass.safetensors",
        folder / "crops",
        folder / "landmarks.json",
        folder / "report",
    )


@pytest.fixture(scope="module")
def done(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("done")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run(folder, data)
    return folder


def test_crops_hold_what_the_later_stages_need(done):
    crops = PackedSet(done / "crops")
    assert crops.metadata["labels"] == "drawn"
    assert crops.metadata["defects"] == {"landmarks_outside_photo": 1}
    assert len(crops) == 39
    assert {"window_x", "stored_px", "photo_width", "detected_x", "detected_nose_y", "Male"} < set(crops.facts)


def test_the_model_says_what_it_was_trained_on(done):
    predictor = LandmarkPredictor.load(done / "hourglass.safetensors")
    assert predictor.drawn
    assert predictor.facts["labels"] == "drawn"
    assert predictor.facts["config"]["channels"] == LANDMARKS.channels
    curves = pd.read_csv(done / "training/curves.csv")
    assert list(curves.columns) == ["epoch", "learning_rate", "train_loss", "dev_nme"]
    chosen = pd.read_csv(done / "training/chosen.csv").set_index("checkpoint")
    assert chosen.dev_nme["best"] == pytest.approx(curves.dev_nme.min(), rel=1e-4)
    assert chosen.dev_nme["last"] == pytest.approx(curves.dev_nme.iloc[-1], rel=1e-4)


def test_metrics_are_flat_and_without_a_rival_where_labels_are_drawn(done):
    metrics = json.loads((done / "landmarks.json").read_text())
    assert metrics["images"] == 8
    assert metrics["defects_landmarks_outside_photo"] == 1
    assert not [name for name in metrics if "mtcnn" in name]
    assert all(value is None or isinstance(value, int | float) for value in metrics.values())


def test_the_same_inputs_give_the_same_bytes_and_nothing_else_is_left(done, data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(tmp_path, data)
    files = [path.relative_to(done) for path in done.rglob("*") if path.is_file()]
    assert files
    assert sorted(files) == sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    for name in files:
        assert (done / name).read_bytes() == (tmp_path / name).read_bytes(), name


def test_a_missing_selection_is_named(data, tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        crop_landmarks(LANDMARKS, CROP, tmp_path / "nowhere.csv", data / "images", tmp_path / "out")
    assert not (tmp_path / "out").exists()
