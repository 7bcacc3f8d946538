"""dvc.yaml against the code: what a stage is said to read, write and depend on is what it does."""

import ast
import importlib
import shlex
from pathlib import Path
from typing import get_type_hints

import pytest
import yaml

from faceline.settings.schema import Params

ROOT = Path(__file__).resolve().parents[2]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
GRAPH = yaml.safe_load((ROOT / "dvc.yaml").read_text())


def resolved(text):
    for group in ("data", "landmarks"):
        for key, value in PARAMS[group].items():
            text = text.replace(f"${{{group}.{key}}}", str(value))
    return text


def names(entries):
    return [resolved(entry if isinstance(entry, str) else next(iter(entry))) for entry in entries]


STAGES = {
    name: stage | {"deps": names(stage["deps"]), "outs": names(stage["outs"])}
    for name, stage in GRAPH["stages"].items()
}


def is_code(path):
    return path.startswith(("faceline", "stages"))


def imported(path, seen):
    """Every file of the project that `path` imports, at any depth, inside functions too."""
    if path in seen:
        return seen
    seen.add(path)
    for package in path.relative_to(ROOT).parents:
        if str(package) != "." and (init := ROOT / package / "__init__.py").exists():
            imported(init, seen)
    for node in ast.walk(ast.parse(path.read_text())):
        modules = []
        if isinstance(node, ast.ImportFrom) and node.module:
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        for module in modules:
            base = ROOT / module.replace(".", "/")
            for file in (base.with_suffix(".py"), base / "__init__.py"):
                if module.startswith(("faceline", "stages")) and file.exists():
                    imported(file, seen)
    return seen


def stage_function(name):
    return getattr(importlib.import_module(f"stages.{name}"), name)


@pytest.mark.parametrize("name", STAGES)
def test_all_imported_code_is_a_dependency(name):
    code = [ROOT / dep for dep in STAGES[name]["deps"] if is_code(dep)]
    used = imported(ROOT / f"stages/{name}.py", set()) - {ROOT / "stages/__init__.py"}
    missing = [str(file.relative_to(ROOT)) for file in used if not any(file.is_relative_to(dep) for dep in code)]
    assert not missing
    idle = [str(dep.relative_to(ROOT)) for dep in code if not any(file.is_relative_to(dep) for file in used)]
    assert not idle, "code dependencies that nothing imports"


@pytest.mark.parametrize("name", STAGES)
def test_the_command_names_every_path_that_goes_in_or_out(name):
    words = shlex.split(resolved(STAGES[name]["cmd"]))
    assert words[:3] == ["python", "-m", f"stages.{name}"]
    options = dict(zip(words[3::2], words[4::2], strict=True))
    data_deps = {dep for dep in STAGES[name]["deps"] if not is_code(dep)}
    kinds = get_type_hints(stage_function(name))
    assert set(options) == {f"--{key.replace('_', '-')}" for key, kind in kinds.items() if kind is Path}
    folders = set(options.values())
    assert all(path in folders or str(Path(path).parent) in folders for path in data_deps | set(STAGES[name]["outs"]))
    covered = data_deps | set(STAGES[name]["outs"])
    assert all(any(path == known or Path(known).is_relative_to(path) for known in covered) for path in folders)


@pytest.mark.parametrize("name", STAGES)
def test_the_listed_params_are_the_groups_in_the_signature(name):
    groups = {field.annotation: group for group, field in Params.model_fields.items()}
    wanted = {groups[kind] for kind in get_type_hints(stage_function(name)).values() if kind in groups}
    paths = {"data"} if name == "scan" else set()
    listed = {key.split(".")[0] for key in STAGES[name]["params"]}  # a stage may list some keys of a group
    assert wanted | paths == listed | paths


def test_outputs_do_not_overlap():
    outs = [Path(out) for stage in STAGES.values() for out in stage["outs"]]
    for a in outs:
        assert not [b for b in outs if a is not b and b.is_relative_to(a)]


def test_no_stage_switches_the_run_cache_off():
    for stage in GRAPH["stages"].values():
        options = [option for out in stage["outs"] if isinstance(out, dict) for option in next(iter(out.values()))]
        assert "persist" not in options
        assert "always_changed" not in stage


def test_metrics_are_listed_once_and_those_of_cheap_stages_lie_in_git():
    """`cache: false` puts a file into git but switches the run cache off: never on a stage that takes long."""
    written = [out for stage in STAGES.values() for out in stage["outs"] if out.startswith("metrics/")]
    assert sorted(written) == sorted(GRAPH["metrics"])
    in_git = {name for name, s in GRAPH["stages"].items() if any(isinstance(out, dict) for out in s["outs"])}
    assert in_git == {"analyze", "filter", "evaluate_landmarks", "evaluate_recognition", "evaluate_wild"}


def test_nothing_before_training_depends_on_the_recogniser():
    """A new loss must never repeat detection, landmarks or alignment, nor a new metric training."""
    upstream = {
        "sample",
        "scan",
        "analyze",
        "filter",
        "crop",
        "crop_landmarks",
        "train_landmarks",
        "align",
        "find_wild",
    }
    for name in upstream:
        assert "recognition" not in STAGES[name]["params"]
        assert not any("recognition" in dep for dep in STAGES[name]["deps"])
    assert "evaluation" not in STAGES["train_recognition"]["params"]


def test_no_circular_imports_and_layers_are_kept():
    layers = ["core", "geometry", "data", "landmarks", "recognition", "evaluation", "pipeline", "reporting", "cli"]
    allowed = {
        "core": set(),
        "geometry": {"core"},
        "sample": {"core", "geometry"},
        "data": {"core", "geometry"},
        "landmarks": {"core", "geometry", "data"},
        "evaluation": {"core"},
        "recognition": {"core", "evaluation"},
        "pipeline": {"core", "geometry", "data", "landmarks", "recognition", "evaluation"},
        "reporting": {"core"},
        "cli": set(layers),
    }
    for file in (ROOT / "faceline").rglob("*.py"):
        home = file.relative_to(ROOT / "faceline").parts[0]
        if home not in allowed:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("faceline."):
                other = node.module.split(".")[1]
                assert other == home or other in allowed[home], f"{file.relative_to(ROOT)} imports {node.module}"
