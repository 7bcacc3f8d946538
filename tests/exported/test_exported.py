"""Exported models answer as PyTorch's do, at every batch size, and carry what using them takes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from faceline.alignment.geometry.template import template
from faceline.boxes.boxes import BoxMap
from faceline.core.errors import FacelineError, InputError
from faceline.detection.detections import read_box_map, write_box_map
from faceline.detectors.mtcnn import find_faces, torch_nets
from faceline.exported import export as onnx_export
from faceline.exported.runtime import OnnxEmbedder, OnnxLandmarkPredictor, onnx_nets, open_session
from faceline.landmarks.net.hourglass import HourglassConfig, StackedHourglass
from faceline.landmarks.net.predictor import LandmarkPredictor, save_hourglass
from faceline.models.model_file import model_hash
from faceline.recognition.embedding.embedder import Embedder
from faceline.recognition.heads.registry import build_head, loss_params
from faceline.recognition.net.embedding_net import EmbeddingNet, NetConfig, Recognizer
from faceline.recognition.net.recognizer_file import save_recognizer

BOX_MAP = BoxMap(1.2, 1.4, 0.01, 0.02)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(1)
    config = HourglassConfig(stacks=1, channels=16, depth=2, input_px=64, sigma_px=1.5)
    net = StackedHourglass(config)
    for head in net.heads:
        torch.nn.init.normal_(head.weight, std=0.5)  # untrained heads say nothing
    save_hourglass(folder / "hourglass.safetensors", net, config, margin=-0.05, labels="synthetic", training={})
    config = NetConfig("mobilenet_v3_small", 32, 2, 0.0, 112)
    people = [4, 5]
    loss = loss_params("ce")(label_smoothing=0.0)
    net = Recognizer(EmbeddingNet(config), build_head("ce", loss, len(people), config.embedding_dim))
    metadata = {
        "loss": {"name": "ce", "params": loss.model_dump()},
        "people": people,
        "synthetic": True,
        "align": {"size_px": 112, "template": template(112).tolist()},
    }
    save_recognizer(folder / "recognizer.safetensors", net.state_dict(), config, metadata)
    (folder / "calibration.json").write_text("{}")
    write_box_map(folder / "box_map.json", "mtcnn", BOX_MAP)
    return folder


@pytest.fixture(scope="module")
def exported(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("onnx")
    onnx_export.export_all(models, out)
    return out


def test_all_files_are_there(exported: Path) -> None:
    names = {"hourglass.onnx", "recognizer.onnx", "mtcnn_pnet.onnx", "mtcnn_rnet.onnx", "mtcnn_onet.onnx"}
    assert {file.name for file in exported.iterdir()} == names | {"calibration.json", "box_map.json"}
    assert read_box_map(exported / "box_map.json") == ("mtcnn", BOX_MAP)


def test_what_is_not_measured_is_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("export_hourglass", "export_recognizer"):
        monkeypatch.setattr(onnx_export, name, lambda model, out: model)
    monkeypatch.setattr(onnx_export, "export_mtcnn", lambda out: [])
    (tmp_path / "models").mkdir()
    assert len(onnx_export.export_all(tmp_path / "models", tmp_path / "onnx")) == 2
    assert list((tmp_path / "onnx").iterdir()) == []


@pytest.mark.parametrize("count", [1, 2, 7, 70])
def test_points_agree(models: Path, exported: Path, count: int) -> None:
    predictor = LandmarkPredictor.load(models / "hourglass.safetensors")
    exported_predictor = OnnxLandmarkPredictor(exported / "hourglass.onnx")
    pixels = np.random.default_rng(2).integers(0, 256, (count, 90, 90, 3), dtype=np.uint8)
    boxes = np.random.default_rng(3).uniform([10, 10, 30, 40], [20, 20, 50, 60], (count, 4))
    views = np.stack([predictor.view(box) for box in boxes])
    assert np.array_equal(views, [exported_predictor.view(box) for box in boxes])
    expected, scores = predictor.predict(list(pixels), views)
    found, found_scores = exported_predictor.predict(list(pixels), views)
    assert np.abs(found - expected).max() < 0.05
    assert found_scores == pytest.approx(scores, abs=1e-4)
    assert exported_predictor.metadata | predictor.metadata == exported_predictor.metadata
    assert exported_predictor.synthetic is True


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize(("count", "side"), [(1, 112), (2, 112), (7, 160), (70, 112)])
def test_embeddings_agree(models: Path, exported: Path, count: int, side: int, flip: bool) -> None:
    embedder = Embedder.load(models / "recognizer.safetensors", torch.device("cpu"))
    tiles = np.random.default_rng(4).integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    found = OnnxEmbedder(exported / "recognizer.onnx").embed(tiles, flip=flip)
    cosine = (embedder.embed(tiles, flip=flip) * found).sum(axis=1)
    assert cosine.min() > 0.9999
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(count), abs=1e-5)


def test_a_plain_runtime_gets_unit_embeddings_from_bytes(exported: Path) -> None:
    """As somebody without faceline would use the file."""
    session = onnxruntime.InferenceSession(str(exported / "recognizer.onnx"), providers=["CPUExecutionProvider"])
    tile = np.random.default_rng(5).integers(0, 256, (3, 112, 112, 3), dtype=np.uint8)
    (embeddings,) = session.run(["embeddings"], {"images": tile})
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert session.get_inputs()[0].type == "tensor(uint8)"


def test_metadata_says_how_to_use_the_models(models: Path, exported: Path) -> None:
    for name in ("hourglass", "recognizer"):
        proto = onnx.load(exported / f"{name}.onnx")
        metadata = {prop.key: json.loads(prop.value) for prop in proto.metadata_props}
        assert metadata["kind"] == name
        assert metadata["colour_order"] == "RGB"
        assert {"mean", "std", "input_px", "config", "synthetic"} <= metadata.keys()
        assert metadata["model"] == model_hash(models / f"{name}.safetensors")
        first = proto.graph.input[0].type.tensor_type.shape.dim[0]
        assert first.dim_param
    assert np.allclose(metadata["align"]["template"], template(112))
    assert "people" not in metadata  # who was trained on stays at home


def test_detectors_agree(exported: Path) -> None:
    rng = np.random.default_rng(6)
    images = [rng.integers(0, 256, size, dtype=np.uint8) for size in [(90, 120, 3), (70, 60, 3)]]
    expected = find_faces(images, torch_nets(), 20)
    found = find_faces(images, onnx_nets(exported), 20)
    for a, b in zip(expected, found, strict=True):
        assert a.boxes == pytest.approx(b.boxes, abs=0.01)


def test_a_model_that_answers_otherwise_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_export, "MAX_NET_DIFFERENCE", -1.0)
    with pytest.raises(FacelineError, match="unlike PyTorch"):
        onnx_export.export_mtcnn(tmp_path)


def test_files_that_are_no_exported_model(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="export-onnx"):
        open_session(tmp_path / "hourglass.onnx", "hourglass")
    (tmp_path / "text.onnx").write_text("not a model")
    with pytest.raises(InputError, match="cannot read"):
        open_session(tmp_path / "text.onnx", "hourglass")
    with pytest.raises(InputError, match="expected a hourglass"):
        open_session(exported / "recognizer.onnx", "hourglass")


def test_elimination_solves_what_numpy_solves() -> None:
    rng = np.random.default_rng(7)
    half = rng.normal(size=(20, 4, 4))
    matrix = half @ half.transpose(0, 2, 1) + 0.1 * np.eye(4)
    right = rng.normal(size=(20, 4))
    found = onnx_export._eliminate(torch.tensor(matrix), torch.tensor(right)).numpy()
    assert found == pytest.approx(np.linalg.solve(matrix, right[..., None])[..., 0], rel=1e-9)
