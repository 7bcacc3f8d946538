"""The whole chain through the real `dvc repro`, on a tiny synthetic sample."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from chain import clone, files_below, run
from graph import STAGES

EMBED = {"embed@aligned", "embed@annotated", "embed@wild"}
EXPENSIVE = (
    *("sample", "crop", "crop_landmarks", "detect_landmarks", "train_landmarks", "align", "train_recognition"),
    *("find_wild", *sorted(EMBED)),
)


def lock(folder):
    return yaml.safe_load((folder / "dvc.lock").read_text())["stages"]


def test_it_runs_and_leaves_a_clean_repository(tiny_chain):
    assert set(lock(tiny_chain)) == set(STAGES)
    assert run("git status --porcelain", tiny_chain).stdout == ""
    assert "up to date" in run("dvc status", tiny_chain).stdout
    outs = [o["path"] for stage in lock(tiny_chain).values() for o in stage["outs"]]
    assert all((tiny_chain / out).exists() for out in outs)


def test_every_metrics_file_is_flat_and_finite(tiny_chain):
    written = [out for stage in STAGES.values() for out in stage["outs"] if out.startswith("metrics/")]
    assert len(written) > 5
    for path in written:
        for key, value in json.loads((tiny_chain / path).read_text()).items():
            assert value is None or isinstance(value, int | float), f"{path}: {key} is {value!r}"
            assert "." not in key, f"{path}: {key}"


def test_no_out_has_many_files_or_knows_its_machine(tiny_chain):
    for stage in lock(tiny_chain).values():
        for out in stage["outs"]:
            path = tiny_chain / out["path"]
            files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
            assert len(files) <= 200
            for file in files:
                assert str(tiny_chain).encode() not in file.read_bytes(), file


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_alone_with_its_deps_writes_its_outs_the_same_and_nothing_else(tiny_chain, tmp_path, name):
    stage = lock(tiny_chain)[name]
    shutil.copy(tiny_chain / "params.yaml", tmp_path / "params.yaml")
    for dep in stage["deps"]:
        source, target = tiny_chain / dep["path"], tmp_path / dep["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    (tmp_path / "stages/__init__.py").touch()
    before = files_below(tmp_path)
    run(f"PYTHONDONTWRITEBYTECODE=1 {stage['cmd']}", tmp_path)
    after = files_below(tmp_path)
    assert {path: after.get(path) for path in before} == before, "a dependency was changed"
    new = set(after) - set(before)
    outs = [out["path"] for out in stage["outs"]]
    assert all(any(path == out or path.startswith(f"{out}/") for out in outs) for path in new), sorted(new)
    for path in new:
        assert after[path] == (tiny_chain / path).read_bytes(), f"{path} differs from the first run's"
    for out in outs:
        assert (tmp_path / out).exists()


def test_a_clone_runs_its_own_code(tiny_chain):
    """`python -m` puts the working directory first, so an experiment's copy never runs the installed code."""
    found = run("python -c 'import faceline; print(faceline.__file__)'", tiny_chain).stdout.strip()
    assert Path(found).is_relative_to(tiny_chain)


def test_the_report_lacks_nothing(tiny_chain):
    page = (tiny_chain / "reports/index.html").read_text()
    assert 'class="missing"' not in page
    assert "data-missing" not in page


def test_known_inputs_come_from_the_run_cache(tiny_chain, tmp_path):
    folder = clone(tmp_path)
    run(f"dvc cache dir --local {tiny_chain / '.dvc/cache'}", folder)
    printed = run("dvc repro", folder).stdout
    for name in EXPENSIVE:
        assert f"Stage '{name}' is cached - skipping run" in printed
    assert lock(folder) == lock(tiny_chain)


def test_a_new_loss_repeats_training_and_what_follows_only(tiny_chain, tmp_path):
    folder = tmp_path / "clone"
    shutil.copytree(tiny_chain, folder, symlinks=True)
    printed = run("dvc exp run -S recognition.loss=cosface", folder).stdout
    ran = {name for name in STAGES if f"Running stage '{name}'" in printed}
    assert ran == {
        "check_params",
        "train_recognition",
        *EMBED,
        "evaluate_recognition",
        "evaluate_wild",
        "headline",
        "report",
    }
    difference = json.loads(run("dvc metrics diff --json", folder).stdout)
    assert "metrics/headline.json" in difference
    changed = difference["metrics/headline.json"]
    assert any(entry["old"] != entry["new"] for entry in changed.values())
    assert "cosface" in run("dvc exp show --csv", folder).stdout


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("recognition.loss", "arcfaec", ["recognition.loss", "subcenter_arcface"]),
        ("recognition.epochs", "many", ["recognition.epochs", "valid integer"]),
        ("landmarks.epocs", 3, ["landmarks.epocs", "unknown key"]),
        ("losses.cosface.margin_cos", -1, ["losses.cosface.margin_cos", "greater than or equal to 0"]),
    ],
)
def test_a_wrong_param_stops_before_any_work_and_takes_nothing_away(tiny_chain, tmp_path, key, value, words):
    folder = tmp_path / "clone"
    shutil.copytree(tiny_chain, folder, symlinks=True)
    before = lock(folder)
    tree = yaml.safe_load((folder / "params.yaml").read_text())
    *groups, last = key.split(".")
    group = tree
    for name in groups:
        group = group[name]
    group[last] = value
    (folder / "params.yaml").write_text(yaml.safe_dump(tree, sort_keys=False))
    failed = run("dvc repro", folder, check=False)
    assert failed.returncode != 0
    for word in words:
        assert word in failed.stdout + failed.stderr
    assert lock(folder) == before
    assert all(
        (folder / out).exists() for stage in STAGES.values() for out in stage["outs"][:1] if "checked" not in out
    )
