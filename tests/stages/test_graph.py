"""dvc.yaml against the code: what a stage is said to read, write and depend on is what it does."""

import ast
import importlib
import shlex
from pathlib import Path
from typing import get_type_hints

import pytest

from faceline.core.params import Group
from faceline.engines.params import EngineParams
from graph import GRAPH, ROOT, STAGES, code_of, is_code

# a change of code that they do not use must not repeat these
EXPENSIVE = (
    "sample",
    "scan",
    "crop",
    "crop_landmarks",
    "train_landmarks",
    "align",
    "train_recognition",
    "embed@aligned",
    "embed@annotated",
    "embed@wild",
    "find_wild",
)


def stage_function(name):
    script = STAGES[name]["script"]
    return getattr(importlib.import_module(f"stages.{script}"), script)


def relative(files):
    return sorted(str(file.relative_to(ROOT)) for file in files)


@pytest.mark.parametrize("name", STAGES)
def test_all_imported_code_is_a_dependency(name):
    used, files = code_of(STAGES[name])
    assert relative(used - files) == []


@pytest.mark.parametrize("name", EXPENSIVE)
def test_no_expensive_stage_depends_on_code_that_it_does_not_import(name):
    used, files = code_of(STAGES[name])
    assert relative(files - used) == []


def test_few_dependencies_on_code_are_needless():
    pairs = [tuple(code_of(stage)) for stage in STAGES.values()]
    needless = sum(len(files - used) for used, files in pairs)
    assert needless <= 0.02 * sum(len(files) for _, files in pairs)


def test_code_dependencies_are_folders_scripts_or_files_that_a_parameter_names():
    named = ("faceline/recognition/losses/", "faceline/recognition/backbones/", "faceline/detectors/")
    for name, stage in STAGES.items():
        files = [dep for dep in stage["deps"] if is_code(dep) and (ROOT / dep).is_file()]
        others = {"faceline/__init__.py", f"stages/{stage['script']}.py"}
        if name != "check_params":  # which imports the parameters of all packages, and nothing else of them
            assert not [dep for dep in files if dep not in others and not dep.startswith(named)], name


def test_packages_hold_nothing_but_their_docstring():
    """A parent package is no dependency of a stage, so nothing in it may matter."""
    for file in (ROOT / "faceline").glob("*/**/__init__.py"):
        (node,) = ast.parse(file.read_text()).body
        assert isinstance(node, ast.Expr), file


@pytest.mark.parametrize("name", STAGES)
def test_the_command_names_every_path_that_goes_in_or_out(name):
    words = shlex.split(STAGES[name]["cmd"])
    assert words[:3] == ["python", "-m", f"stages.{STAGES[name]['script']}"]
    options = dict(zip(words[3::2], words[4::2], strict=True))
    data_deps = {dep for dep in STAGES[name]["deps"] if not is_code(dep)} - {"data/params_checked.txt"}
    kinds = get_type_hints(stage_function(name))
    assert set(options) == {f"--{key.replace('_', '-')}" for key, kind in kinds.items() if kind is Path}
    folders = set(options.values())
    covered = data_deps | set(STAGES[name]["outs"])
    assert all(path in folders or str(Path(path).parent) in folders for path in covered)
    assert all(any(path == known or Path(known).is_relative_to(path) for known in covered) for path in folders)


@pytest.mark.parametrize("name", STAGES)
def test_the_listed_params_are_the_groups_in_the_signature(name):
    kinds = {key: kind for key, kind in get_type_hints(stage_function(name)).items() if kind is not EngineParams}
    wanted = {kind.key for kind in kinds.values() if isinstance(kind, type) and issubclass(kind, Group)}
    wanted |= {key for key, kind in kinds.items() if kind is dict}
    listed = {key.split(".")[0] for key in STAGES[name]["params"]}  # a stage may list some keys of a group
    assert wanted == listed


def test_every_stage_waits_for_the_check_of_the_parameters():
    for name, stage in STAGES.items():
        assert ("data/params_checked.txt" in stage["deps"]) == (name != "check_params")


def test_nothing_depends_on_the_engine_or_on_how_many_workers_there_are():
    for stage in STAGES.values():
        assert not {"runtime", "runtime.workers", "runtime.engine"} & set(stage["params"])


def test_only_the_report_depends_on_what_is_said_of_the_photos():
    said = {"data", "data.source", "data.licence", "data.labels_by"}
    assert [name for name, stage in STAGES.items() if said & set(stage["params"])] == ["report"]


def test_outputs_do_not_overlap():
    outs = [Path(out) for stage in STAGES.values() for out in stage["outs"]]
    for a in outs:
        assert not [b for b in outs if a is not b and b.is_relative_to(a)]


def test_no_stage_switches_the_run_cache_off():
    for stage in GRAPH["stages"].values():
        outs = stage.get("do", stage)["outs"]
        options = [option for out in outs if isinstance(out, dict) for option in next(iter(out.values()))]
        assert "persist" not in options
        assert "always_changed" not in stage


def test_listed_metrics_are_written_and_those_of_cheap_stages_lie_in_git():
    """`cache: false` puts a file into git but switches the run cache off: never on a stage that takes long."""
    written = [out for stage in STAGES.values() for out in stage["outs"] if out.startswith("metrics/")]
    assert set(GRAPH["metrics"]) <= set(written)
    in_git = {
        name
        for name, stage in GRAPH["stages"].items()
        if any(isinstance(out, dict) for out in stage.get("do", stage)["outs"])
    }
    assert in_git == {"analyze", "filter", "evaluate_landmarks", "evaluate_recognition", "evaluate_wild", "headline"}


def test_no_circular_imports_between_packages():
    """Units are imported downwards only: no package imports one that imports it."""
    edges = {}
    for file in (ROOT / "faceline").rglob("*.py"):
        home = str(file.parent.relative_to(ROOT)).replace("/", ".")
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("faceline."):
                base = ROOT / node.module.replace(".", "/")
                other = node.module if base.is_dir() else node.module.rpartition(".")[0]
                if other != home:
                    edges.setdefault(home, set()).add(other)

    def below(package, found):
        for other in edges.get(package, ()):
            if other not in found:
                found.add(other)
                below(other, found)
        return found

    assert [package for package in edges if package in below(package, set())] == []
