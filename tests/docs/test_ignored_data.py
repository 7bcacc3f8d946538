"""Experiments in copies of the tree, with photos that git ignores: what docs/experiments.md says of them."""

import shutil
import subprocess
from pathlib import Path

import pytest
from documents import ROOT
from dvc.cli import main

STAGE = """stages:
  scan:
    cmd: cp data/celeba/photos.txt scanned.txt
    deps:
    - data/celeba/photos.txt
    outs:
    - scanned.txt
"""


def dvc(command):
    return main(command.split())


def git(*arguments):
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A repository that ignores what the project ignores; yields a folder outside it that holds the photos."""
    for key in ("GIT_AUTHOR", "GIT_COMMITTER"):
        monkeypatch.setenv(f"{key}_NAME", "somebody")
        monkeypatch.setenv(f"{key}_EMAIL", "somebody@localhost")
    folder = tmp_path / "elsewhere"
    (tmp_path / "repository/data").mkdir(parents=True)
    folder.mkdir()
    (folder / "photos.txt").write_text("photos\n")
    monkeypatch.chdir(tmp_path / "repository")
    shutil.copy(ROOT / ".gitignore", ".gitignore")
    shutil.copy(ROOT / "data/.gitignore", "data/.gitignore")
    Path("dvc.yaml").write_text(STAGE)
    git("init", "-q", ".")
    assert dvc("init -q") == 0
    shutil.copy(ROOT / ".dvc/config", ".dvc/config")
    git("add", "-A")
    git("commit", "-qm", "start")
    return folder


def listed(capsys):
    capsys.readouterr()
    assert dvc("exp show --csv") == 0
    return capsys.readouterr().out


def test_copied_paths_go_into_temporary_and_queued_experiments(elsewhere, capsys):
    Path("data/celeba").symlink_to(elsewhere)
    assert "celeba" not in git("status", "--porcelain")
    assert dvc("exp run --temp -q -n without") != 0
    assert dvc("exp run --temp -q --copy-paths data/celeba -n once") == 0
    assert dvc("exp run --queue -q --copy-paths data/celeba -n later") == 0
    assert dvc("exp run -q --run-all") == 0
    shown = listed(capsys)
    assert "once" in shown
    assert "later" in shown
    assert "without" not in shown
    assert not Path("scanned.txt").exists()


def test_data_that_dvc_tracks_need_no_option(elsewhere, capsys):
    Path("data/celeba").symlink_to(elsewhere)
    assert dvc("add -q data/celeba") != 0, "a link is not tracked"
    Path("data/celeba").unlink()
    shutil.copytree(elsewhere, "data/celeba")
    assert dvc("add -q data/celeba") == 0
    assert git("status", "--porcelain") == "A  data/celeba.dvc\n"
    git("commit", "-qm", "add")
    assert dvc("exp run -q --temp -n tracked") == 0
    assert "tracked" in listed(capsys)
