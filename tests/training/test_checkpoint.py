import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from faceline.training.checkpoint import Checkpoint, checkpoint_key
from graph import ROOT, STAGES, code_of


def test_state_comes_back_and_goes_away(tmp_path):
    checkpoint = Checkpoint("one", tmp_path)
    assert checkpoint.load() is None
    checkpoint.save({"weights": torch.arange(3.0), "curves": [{"epoch": 1, "loss": 0.5}]})
    back = Checkpoint("one", tmp_path).load()
    assert back["curves"] == [{"epoch": 1, "loss": 0.5}]
    assert torch.equal(back["weights"], torch.arange(3.0))
    assert Checkpoint("two", tmp_path).load() is None
    checkpoint.remove()
    checkpoint.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_broken_file_counts_as_none(tmp_path, caplog):
    checkpoint = Checkpoint("one", tmp_path)
    checkpoint.save({"weights": torch.arange(1000.0)})
    checkpoint.path.write_bytes(checkpoint.path.read_bytes()[:200])
    assert checkpoint.load() is None
    assert "starts anew" in caplog.text


class Planted:
    def __reduce__(self):
        return print, ("code ran while loading",)


def test_a_file_with_code_in_it_is_not_run(tmp_path, capsys):
    checkpoint = Checkpoint("one", tmp_path)
    torch.save({"weights": Planted()}, checkpoint.path)
    assert checkpoint.load() is None
    assert capsys.readouterr().out == ""


def test_the_key_changes_with_parameters_and_with_any_byte_of_the_inputs(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "a").write_bytes(b"1")
    keys = [checkpoint_key("x", {"rate": rate}, [folder]) for rate in (1, 2, 1)]
    assert keys[0] == keys[2] != keys[1]
    (folder / "a").write_bytes(b"2")
    assert checkpoint_key("x", {"rate": 1}, [folder]) != keys[0]


KEY = """
import importlib.metadata, sys
import stages.train_landmarks
from faceline.recognition.losses.arcface import head
from faceline.training.checkpoint import checkpoint_key
if len(sys.argv) > 1:
    plain = importlib.metadata.version
    import faceline.training.checkpoint as checkpoint
    checkpoint.version = lambda name: "0.0" if name == sys.argv[1] else plain(name)
print(checkpoint_key("x", {}, []))
"""


@pytest.fixture
def project(tmp_path):
    """A copy of the code, which a test may edit."""
    root = Path(__file__).parents[2]
    for folder in ("faceline", "stages"):
        shutil.copytree(root / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))

    def key(*arguments):
        command = [sys.executable, "-c", KEY, *arguments]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    return tmp_path, key


def test_the_key_changes_with_the_code_that_is_loaded_and_with_the_libraries(project):
    root, key = project
    before = key()
    assert key() == before
    (root / "faceline/reporting/units.py").write_text("# not part of a training\n")
    assert key() == before
    for file in (
        "stages/train_landmarks.py",
        "faceline/recognition/losses/arcface/head.py",
        "faceline/core/errors.py",
    ):
        path = root / file
        text = path.read_text()
        path.write_text(f"{text}# edited\n")
        assert key() != before
        path.write_text(text)
    assert key() == before
    assert key("torch") != before


@pytest.mark.parametrize("stage", ["train_landmarks", "train_recognition"])
def test_what_a_training_stage_imports_is_loaded_when_it_makes_the_key(stage):
    parts = STAGES[stage]["params"]
    loads = f"import stages.{stage}\n"
    if stage == "train_recognition":
        loads += "import faceline.recognition.heads.registry as losses, faceline.recognition.net.backbone as nets\n"
        loss = parts[0].removeprefix("losses.")
        loads += f"losses.loss_params({loss!r}); losses.loss_head({loss!r}); nets.load_backbone('spherenet4')\n"
    told = f"{loads}from faceline.training.checkpoint import _loaded_code\nprint(*_loaded_code())"
    command = [sys.executable, "-c", told]
    loaded = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    used, _ = code_of(STAGES[stage])
    assert {str(file.relative_to(ROOT)) for file in used} <= set(loaded)
