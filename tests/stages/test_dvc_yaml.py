"""dvc.yaml as DVC's own commands rewrite it."""

import difflib
import shutil
import subprocess

import pytest
from dvc.cli import main
from dvc.repo import Repo
from dvc.utils.serialize import dumps_yaml, parse_yaml_for_update

from graph import GRAPH, ROOT

PLAIN = ["train_landmarks", "evaluate_recognition"]  # no parameter stands in them


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """dvc.yaml in a repository of its own."""
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".dvc").mkdir()
    shutil.copy(ROOT / ".dvc/config", tmp_path / ".dvc")
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "dvc.yaml"


def test_freezing_adds_its_line_and_unfreezing_takes_it_away(copy):
    before = copy.read_text()
    assert main(["freeze", *PLAIN]) == 0
    changes = [line for line in difflib.ndiff(before.splitlines(), copy.read_text().splitlines()) if line[0] != " "]
    assert changes == ["+     frozen: true"] * len(PLAIN)
    assert main(["unfreeze", *PLAIN]) == 0
    assert copy.read_text() == before


def test_the_whole_file_is_as_dvc_writes_it():
    """Its indentation and its width; the lists of a stage in its order."""
    text = (ROOT / "dvc.yaml").read_text()
    assert text == dumps_yaml(parse_yaml_for_update(text, "dvc.yaml"))
    for name, stage in GRAPH["stages"].items():
        for part in ("deps", "params", "outs"):
            entries = stage.get("do", stage).get(part, [])
            listed = [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]
            assert listed == sorted(listed), (name, part)


def test_a_stage_with_parameters_in_it_is_frozen_by_hand(copy, caplog):
    before = copy.read_text()
    assert main(["freeze", "train_recognition"]) != 0
    assert "parametrized" in caplog.text
    assert copy.read_text() == before
    copy.write_text(before.replace("  train_recognition:\n", "  train_recognition:\n    frozen: true\n"))
    with Repo() as repo:
        assert repo.stage.load_one(name="train_recognition").frozen
        assert not repo.stage.load_one(name="train_landmarks").frozen
