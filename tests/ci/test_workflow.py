"""The workflow and the release's files against what the project says of itself."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
JOBS = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def commands(job):
    return [step["run"] for step in JOBS[job]["steps"] if "run" in step]


@pytest.mark.parametrize("job", ["resolve", "test"])
def test_every_python_that_the_project_allows_is_checked_and_no_other(job):
    low, high = (int(minor) for minor in re.findall(r"3\.(\d+)", PROJECT["requires-python"]))
    assert JOBS[job]["strategy"]["matrix"]["python"] == [f"3.{minor}" for minor in range(low, high)]


def test_targets_of_make_exist():
    made = {target for job in JOBS for command in commands(job) for target in re.findall(r"\bmake (\w+)", command)}
    assert {"test"} <= made
    rules = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert made <= set(rules)


def test_the_version_is_said_once():
    assert f"\nversion: {PROJECT['version']}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"\n## {PROJECT['version']}\n" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize(
    "file", sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("[bf]*.yml")), ids=lambda file: file.stem
)
def test_forms_for_issues_have_what_a_form_must_have(file):
    form = yaml.safe_load(file.read_text())
    assert {"name", "description", "body"} <= form.keys()
    names = [field["id"] for field in form["body"] if field["type"] != "markdown"]
    assert len(names) == len(set(names))
    assert all(field["attributes"].get("label") for field in form["body"] if field["type"] != "markdown")
