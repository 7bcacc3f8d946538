"""Losses are found by their folders."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError
from tiny_faces import sample_params

from faceline.core.params import Group
from faceline.recognition import losses
from faceline.recognition.heads import registry
from faceline.recognition.heads.base import Head
from faceline.recognition.heads.registry import build_head, loss_head, loss_names, loss_params
from faceline.recognition.training.params import RecognitionParams

FOLDER = Path(losses.__file__).parent
NEW_PARAMS = """
from faceline.core.params import Group


class Params(Group):
    label_smoothing: float
    weight: float
"""
NEW_HEAD = """
from faceline.recognition.losses.ce.head import CrossEntropy


class Weighted(CrossEntropy):
    def __init__(self, people, embedding_dim, params):
        super().__init__(people, embedding_dim, params)
        self.weight = params.weight


HEAD = Weighted
"""


@pytest.mark.parametrize("name", loss_names())
def test_every_folder_is_a_loss_with_a_block_in_the_params(name):
    assert issubclass(loss_params(name), Group)
    assert issubclass(loss_head(name), Head)
    loss_params(name).model_validate(sample_params()["losses"][name])


def test_names_are_checked():
    block = sample_params()["recognition"]
    assert RecognitionParams.model_validate(block | {"loss": "arcface"}).loss == "arcface"
    with pytest.raises(ValidationError, match=r"loss\n.*'adaface', 'arcface'.*'triplet'"):
        RecognitionParams.model_validate(block | {"loss": "__init__"})


def test_a_new_folder_is_all_that_a_new_loss_needs(tmp_path, monkeypatch):
    (tmp_path / "weighted").mkdir()
    (tmp_path / "weighted/params.py").write_text(NEW_PARAMS)
    (tmp_path / "weighted/head.py").write_text(NEW_HEAD)
    monkeypatch.setattr(registry, "_LOSSES", tmp_path)
    monkeypatch.setattr(losses, "__path__", [*losses.__path__, str(tmp_path)])
    assert loss_names() == ["weighted"]
    params = loss_params("weighted")(label_smoothing=0.1, weight=2.0)
    assert build_head("weighted", params, people=3, embedding_dim=4).weight == 2.0


@pytest.mark.parametrize("name", loss_names())
def test_no_loss_imports_another(name):
    """DVC watches the chosen loss's folder alone."""
    nodes = [node for path in (FOLDER / name).glob("*.py") for node in ast.walk(ast.parse(path.read_text()))]
    imported = [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    losses = [module for module in imported if module.startswith("faceline.recognition.losses")]
    assert set(losses) <= {f"faceline.recognition.losses.{name}.params"}


def test_parameters_are_had_without_torch():
    code = "import sys; from faceline.settings.schema import Params; print('torch' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "False"
