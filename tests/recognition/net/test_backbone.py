"""Backbones are found by their files."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from tiny_faces import sample_params
from torch import nn

from faceline.recognition import backbones
from faceline.recognition.net import backbone as registry
from faceline.recognition.net.backbone import Backbone, backbone_names, load_backbone
from faceline.recognition.net.embedding_net import EmbeddingNet, NetConfig
from faceline.recognition.training.params import RecognitionParams

FOLDER = Path(backbones.__file__).parent
NEW_BACKBONE = """
from torch import nn

from faceline.recognition.net.backbone import Backbone


def _build(input_px, stem_stride):
    return nn.Conv2d(3, 4, 3, stem_stride)


BACKBONE = Backbone(_build, "mean")
"""


def test_names_are_checked():
    block = sample_params()["recognition"]
    assert RecognitionParams.model_validate(block | {"backbone": "resnet18"}).backbone == "resnet18"
    with pytest.raises(ValidationError, match=r"backbone\n.*'efficientnet_b0'.*'spherenet4'"):
        RecognitionParams.model_validate(block | {"backbone": "resnet19"})


@pytest.mark.parametrize("name", backbone_names())
def test_every_file_is_a_backbone(name):
    assert isinstance(load_backbone(name), Backbone)


@pytest.mark.parametrize(
    ("pooling", "names"),
    [("flat", ["iresnet18", "iresnet50", "sface", "spherenet20", "spherenet4"]), ("depthwise", ["mobilefacenet"])],
)
def test_who_does_not_pool_by_the_mean(pooling, names):
    assert [name for name in backbone_names() if load_backbone(name).pooling == pooling] == names


def test_a_new_file_is_all_that_a_new_backbone_needs(tmp_path, monkeypatch):
    (tmp_path / "single.py").write_text(NEW_BACKBONE)
    monkeypatch.setattr(registry, "_BACKBONES", tmp_path)
    monkeypatch.setattr(backbones, "__path__", [*backbones.__path__, str(tmp_path)])
    assert backbone_names() == ["single"]
    net = EmbeddingNet(NetConfig("single", 8, 2, 0.0, 32))
    assert isinstance(net.backbone, nn.Conv2d)
    assert net(torch.zeros(2, 3, 32, 32)).shape == (2, 8)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_no_backbone_imports_another(path):
    """DVC watches the chosen backbone's file alone."""
    imported = [node.module for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    assert not [module for module in imported if module.startswith("faceline.recognition.backbones")]


def test_libraries_are_imported_when_a_net_of_theirs_is_built():
    code = """
import sys
from faceline.recognition.net.backbone import backbone_names, load_backbone
from faceline.recognition.net.embedding_net import EmbeddingNet, NetConfig
for name in backbone_names():
    load_backbone(name)
EmbeddingNet(NetConfig("spherenet4", 8, 2, 0.0, 32))
print(sorted({"torchvision", "facenet_pytorch", "efficientnet_pytorch"} & set(sys.modules)))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
