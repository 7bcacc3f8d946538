"""Hourglass sizes: compared on dev faces, one of them measured on test faces, and the table."""

import json
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
import torch
from tiny_faces import tiny_params
from tiny_landmarks import colour_spots, packed_set

from benchmarks import landmark_sizes
from benchmarks.landmark_sizes import on_dev, page, timed
from faceline.core.errors import InputError
from faceline.data.crops.params import CropParams
from faceline.imaging.images import decode_rgb
from faceline.points.points import points_of
from faceline.windows.windows import net_view, transform, windows_of

DEV = {"faces": 12, "nme": 0.0312, "low": 0.03, "high": 0.033, "nme_jittered_box": 0.0321, "auc_8e-2": 0.6}
TEST = {"images": 16, "nme_eye_center": 0.0456, "nme_eye_center_low": 0.041, "nme_eye_center_high": 0.049}


def small(stacks: int, channels: int = 16):
    params = tiny_params()
    changes = {"input_px": 64, "depth": 2, "stacks": stacks, "channels": channels}
    return params.model_copy(update={"landmarks": params.landmarks.model_copy(update=changes)})


def test_a_larger_net_has_more_parameters_and_a_row_of_its_own() -> None:
    sizes = {f"{stacks} x 16": small(stacks).landmarks for stacks in (1, 2)}
    table = timed(sizes, torch.device("cpu"))
    assert table.parameters["2 x 16"] > 1.5 * table.parameters["1 x 16"]
    assert (table[["predicted_per_s", "trained_per_s"]] > 0).all(axis=None)
    text = page(table.assign(**DEV), "2 x 16", TEST, "python -m sizes", "at `abc123`, on cpu")
    assert "`python -m sizes` at `abc123`, on cpu" in text
    assert "Errors are those of 12 dev faces" in text
    rows = [line for line in text.splitlines() if line.startswith(("| 1 x 16", "| 2 x 16"))]
    assert len(rows) == 2
    assert all("| 0.0312 (0.0300 to 0.0330) | 0.0321 | 0.600 |" in row for row in rows)
    assert text.count("0.0456") == 1
    assert "2 x 16 alone, the size that `params.yaml` names: NME\n0.0456 (0.0410 to 0.0490) on 16 faces" in text


class ColourPredictor:
    """Stands in for the net: knows the dots' colours."""

    def view(self, box):
        return net_view(box, -0.05, 64)

    def predict(self, images, to_image):
        return np.array([colour_spots(image) for image in images]), np.ones((len(images), 5))


def test_sizes_are_compared_on_dev_faces_alone(tmp_path) -> None:
    crops = packed_set(tmp_path / "set", 60, CropParams(context=0.3, max_px=384, jpeg_quality=95))
    asked = []
    encoded = crops.encoded
    crops.encoded = lambda rows: asked.extend(crops.rows["split"].iloc[rows]) or encoded(rows)
    figures = on_dev(ColourPredictor(), crops, tiny_params().evaluation)
    assert set(asked) == {"dev"}
    assert figures["faces"] == 12
    assert figures["low"] < figures["nme"] < figures["high"]
    rows = np.flatnonzero(crops.rows["split"] == "dev")
    errors = []
    for row, image in zip(rows, encoded(rows), strict=True):
        face = crops.rows.iloc[[row]]
        (truth,), (window,) = points_of(face), windows_of(face)
        found = transform(window.to_photo(), colour_spots(decode_rgb(image)))
        errors.append(np.hypot(*(found - truth).T).mean() / np.hypot(*(truth[1] - truth[0])))
    assert figures["nme"] == pytest.approx(np.mean(errors))


def test_nets_and_faces_come_from_the_run_and_not_from_the_workspace(monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    for path, text in (("models/hourglass.safetensors", "net"), ("data/landmark_crops/part-0000.parquet", "faces")):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(text)
    for command in (
        "git init -q",
        "git config user.email someone@example.org",
        "git config user.name someone",
        "dvc init -q",
        "dvc add -q models/hourglass.safetensors data/landmark_crops",
        "git add -A",
        "git commit -qm start",
    ):
        subprocess.run(command.split(), check=True)
    shutil.rmtree("models")
    shutil.rmtree("data")
    monkeypatch.setattr(landmark_sizes.LandmarkPredictor, "load", lambda path, device: path.read_text())
    monkeypatch.setattr(landmark_sizes, "PackedSet", lambda path: (path / "part-0000.parquet").read_text())
    monkeypatch.setattr(landmark_sizes, "on_dev", lambda predictor, crops, _: {predictor: crops})
    evaluation = tiny_params().evaluation
    assert landmark_sizes.dev_figures("HEAD", evaluation, torch.device("cpu")) == {"net": "faces"}


def test_only_the_size_of_params_yaml_is_measured_on_test_faces(monkeypatch, tmp_path) -> None:
    runs, restored = {}, []
    params = small(2, 16)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs/results").mkdir(parents=True)
    (tmp_path / "landmarks.json").write_text(json.dumps(TEST))

    def dvc_run(name, settings, target):
        runs[name] = settings, target
        return name

    monkeypatch.setattr("sys.argv", ["sizes", "--sizes", "1x8", "2x8", "--epochs", "3"])
    monkeypatch.setattr(landmark_sizes, "check_workspace", lambda: None)
    monkeypatch.setattr(landmark_sizes, "restore", lambda: restored.append(True))
    monkeypatch.setattr(landmark_sizes, "revision", lambda: "abc123")
    monkeypatch.setattr(landmark_sizes, "load_params", lambda: params)
    monkeypatch.setattr(landmark_sizes, "dvc_run", dvc_run)
    monkeypatch.setattr(landmark_sizes, "dev_figures", lambda *_: DEV)
    monkeypatch.setattr(landmark_sizes.dvc.api, "open", lambda path, rev: (tmp_path / "landmarks.json").open())
    landmark_sizes.main()
    on_test = {name: settings for name, (settings, target) in runs.items() if target == "evaluate_landmarks"}
    assert list(on_test.values()) == [{"landmarks.stacks": 2, "landmarks.channels": 16, "landmarks.epochs": 3}]
    trained = [settings for settings, target in runs.values() if target == "train_landmarks"]
    assert [(one["landmarks.stacks"], one["landmarks.channels"]) for one in trained] == [(1, 8), (2, 8), (2, 16)]
    assert restored
    table = pd.read_csv(tmp_path / "docs/results/landmark-sizes-sample.csv", index_col="size")
    assert list(table.index) == ["1 x 8", "2 x 8", "2 x 16"]
    assert (table.nme == 0.0312).all()


@pytest.mark.parametrize("size", ["2", "2x", "0x64", "2x64x3"])
def test_a_size_is_stacks_times_channels(size: str) -> None:
    found = landmark_sizes.with_size(small(2).landmarks, "4x24")
    assert (found.stacks, found.channels, found.depth) == (4, 24, 2)
    with pytest.raises(InputError, match=f"--sizes: {size}: expected STACKSxCHANNELS"):
        landmark_sizes.with_size(small(2).landmarks, size)
