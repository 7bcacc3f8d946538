"""What pages say of DVC's commands for experiments and space, in a repository with one stage that takes no time."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from dvc.cli import main

STAGE = """stages:
  train:
    cmd: cp params.yaml model.txt
    params:
    - rate
    outs:
    - model.txt
"""


def dvc(command):
    """`dvc COMMAND`, in this process; its exit code."""
    return main(command.split())


@pytest.fixture(scope="module", autouse=True)
def _repository(tmp_path_factory):
    """Rate 1 is committed; experiments `two` and `three` have been run, the last of them stands in the workspace."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("repository"))
        Path("dvc.yaml").write_text(STAGE)
        Path("params.yaml").write_text("rate: 1\n")
        who = ["-c", "user.name=somebody", "-c", "user.email=somebody@localhost"]
        subprocess.run(["git", "init", "-q", "."], check=True)
        assert dvc("init -q") == 0
        subprocess.run(["git", "add", "-A"], check=True)
        subprocess.run(["git", *who, "commit", "-qm", "start"], check=True)
        for rate, name in ((2, "two"), (3, "three")):
            assert dvc(f"exp run -q -S rate={rate} -n {name}") == 0
        yield


def test_an_experiment_is_put_back(capsys):
    assert dvc("exp show --csv --sort-by rate --sort-order desc") == 0
    listed = capsys.readouterr().out
    assert listed.index("three") < listed.index("two")
    assert dvc("exp apply two") == 0
    assert Path("model.txt").read_text() == Path("params.yaml").read_text() == "rate: 2\n"
    assert dvc("status -q") == 0


def test_the_graph_is_drawn(capsys):
    assert dvc("dag") == 0
    assert "train" in capsys.readouterr().out


def test_space_is_freed_with_and_without_the_experiments_files():
    assert dvc("gc -q --workspace --all-experiments --force") == 0
    assert dvc("exp apply -q three") == 0
    assert dvc("exp apply -q two") == 0
    assert dvc("gc -q --workspace --force") == 0
    assert dvc("exp apply -q three") != 0


def test_experiments_are_removed(capsys):
    assert dvc("exp remove -q --all-commits") == 0
    capsys.readouterr()
    assert dvc("exp show --csv") == 0
    assert "three" not in capsys.readouterr().out


TRAINING = """stages:
  train:
    cmd: python train.py
    deps:
    - train.py
    outs:
    - report
plots:
- loss:
    x: epoch
    y:
      report/curves.csv: loss
"""
# writes its curves as trainings do, and ends when it is told to
SCRIPT = """import pathlib, time
pathlib.Path("report").mkdir()
pathlib.Path("report/curves.csv").write_text("epoch,loss\\n1,0.5\\n")
while not pathlib.Path("end").exists():
    time.sleep(0.05)
"""


def test_curves_are_drawn_while_a_training_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("dvc.yaml").write_text(TRAINING)
    Path("train.py").write_text(SCRIPT)
    assert dvc("init -q --no-scm") == 0
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    training = subprocess.Popen(["dvc", "repro", "-q"])
    try:
        while training.poll() is None and not Path("report/curves.csv").exists():
            time.sleep(0.05)
        assert dvc("plots show -q --out shown") == 0
        assert training.poll() is None
    finally:
        Path("end").touch()
    assert '{"epoch": "1", "loss": "0.5", "rev": "workspace"}' in Path("shown/index.html").read_text()
    assert training.wait() == 0


def test_what_a_killed_training_left_is_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("dvc.yaml").write_text(TRAINING)
    Path("train.py").write_text(SCRIPT)
    Path("end").touch()
    assert dvc("init -q --no-scm") == 0
    assert dvc("repro -q") == 0
    whole = Path("report/curves.csv").read_text()
    Path("report/curves.csv").unlink()
    Path("report/curves.csv").write_text("epoch,loss\n")
    assert dvc("checkout -q") != 0
    assert dvc("checkout -q --force") == 0
    assert Path("report/curves.csv").read_text() == whole


def test_the_cache_is_put_elsewhere(tmp_path):
    assert dvc(f"cache dir {tmp_path / 'cache'}") == 0
    assert dvc("exp run -q -f") == 0
    assert [file.read_text() for file in (tmp_path / "cache/files").rglob("*") if file.is_file()] == ["rate: 3\n"]
