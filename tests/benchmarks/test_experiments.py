"""Experiments in a repository with one tiny stage."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from benchmarks.experiments import check_workspace, dvc_run, output, restore
from faceline.core.errors import InputError

STAGE = f"""
stages:
  add:
    cmd: {sys.executable} add.py
    deps: [add.py]
    params: [a, b]
    outs: [sums]
    metrics:
      - metrics/sum.json:
          cache: false
"""
CODE = """
import json, os, yaml
values = {key: float(value) for key, value in yaml.safe_load(open("params.yaml")).items()}
open("runs.log", "a").write("run\\n")
os.makedirs("sums")
open("sums/total", "w").write(str(values))
json.dump({"sum": values["a"] + values["b"]}, open("metrics/sum.json", "w"))
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "metrics").mkdir()
    (tmp_path / "dvc.yaml").write_text(STAGE)
    (tmp_path / "add.py").write_text(CODE)
    (tmp_path / "params.yaml").write_text("a: 1\nb: 10\n")
    (tmp_path / ".gitignore").write_text("runs.log\n")
    for command in (
        "git init -q",
        "git config user.email someone@example.org",
        "git config user.name someone",
        "dvc init -q",
        "dvc repro -q",
        "git add -A",
        "git commit -qm start",
    ):
        subprocess.run(command.split(), check=True)
    return tmp_path


def test_runs_start_from_the_committed_parameters_are_kept_and_not_repeated(repository: Path) -> None:
    first = dvc_run("first", {"a": 2}, "add")
    second = dvc_run("second", {"b": 20}, "add")
    assert dvc_run("second", {"b": 20}, "add") == second
    assert (repository / "runs.log").read_text().count("run") == 3  # the first repro, and each experiment once
    restore()
    assert output("git", "status", "--porcelain", "-uno") == ""
    assert yaml.safe_load((repository / "params.yaml").read_text()) == {"a": 1, "b": 10}
    for commit, total in ((first, 12), (second, 21)):
        assert f'"sum": {total}.0' in output("git", "show", f"{commit}:metrics/sum.json")


def test_uncommitted_work_is_refused(repository: Path) -> None:
    check_workspace()
    (repository / "params.yaml").write_text("a: 3\nb: 10\n")
    with pytest.raises(InputError, match=r"params\.yaml"):
        check_workspace()


def test_a_clone_whose_cache_lacks_what_its_lock_names_is_refused(repository: Path) -> None:
    """DVC would run the experiment to its end and then fail to keep it."""
    shutil.rmtree(repository / ".dvc/cache")
    shutil.rmtree(repository / "sums")
    with pytest.raises(InputError, match="1 outputs are not in DVC's cache, sums/ among them: run `dvc repro`"):
        check_workspace()
    subprocess.run(["dvc", "repro", "-q"], check=True)
    check_workspace()


def test_a_name_that_stands_for_other_parameters_is_refused(repository: Path) -> None:
    first = dvc_run("first", {"a": 2}, "add")
    assert dvc_run("small", {"a": 5e-05}, "add") == dvc_run("small", {"a": 5e-05}, "add") != first
    for settings, key in (({"a": 3}, "a"), ({"b": 20}, "a, b"), ({"a": 2, "b": 20}, "b")):
        with pytest.raises(InputError, match=f"first was run with another value of {key}:"):
            dvc_run("first", settings, "add")
    assert (repository / "runs.log").read_text().count("run") == 3
