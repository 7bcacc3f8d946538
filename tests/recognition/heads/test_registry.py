"""Losses are found by their files."""

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
from faceline.recognition.heads.registry import build_head, load_loss, loss_names
from faceline.recognition.training.params import RecognitionParams

FOLDER = Path(losses.__file__).parent
NEW_LOSS = """
from faceline.core.params import Group
from faceline.recognition.losses.ce import CrossEntropy


class Params(Group):
    label_smoothing: float
    weight: float


class Weighted(CrossEntropy):
    def __init__(self, people, embedding_dim, params):
        super().__init__(people, embedding_dim, params)
        self.weight = params.weight


HEAD = Weighted
"""


@pytest.mark.parametrize("name", loss_names())
def test_every_file_is_a_loss_with_a_block_in_the_params(name):
    loss = load_loss(name)
    assert issubclass(loss.Params, Group)
    assert issubclass(loss.HEAD, Head)
    loss.Params.model_validate(sample_params()["losses"][name])


def test_names_are_checked():
    block = sample_params()["recognition"]
    assert RecognitionParams.model_validate(block | {"loss": "arcface"}).loss == "arcface"
    with pytest.raises(ValidationError, match=r"loss\n.*'adaface', 'arcface'.*'triplet'"):
        RecognitionParams.model_validate(block | {"loss": "__init__"})


def test_a_new_file_is_all_that_a_new_loss_needs(tmp_path, monkeypatch):
    (tmp_path / "weighted.py").write_text(NEW_LOSS)
    monkeypatch.setattr(registry, "_LOSSES", tmp_path)
    monkeypatch.setattr(losses, "__path__", [*losses.__path__, str(tmp_path)])
    assert loss_names() == ["weighted"]
    params = load_loss("weighted").Params(label_smoothing=0.1, weight=2.0)
    assert build_head("weighted", params, people=3, embedding_dim=4).weight == 2.0


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_no_loss_imports_another(path):
    """DVC watches the chosen loss's file alone."""
    imported = [node.module for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    assert not [module for module in imported if module.startswith("faceline.recognition.losses")]


def test_names_are_had_without_torch():
    code = "import sys; from faceline.recognition.heads.registry import loss_names; print('torch' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "False"
