"""Made-up figures and tables, made once for all tests of the report."""

from __future__ import annotations

from inspect import signature
from pathlib import Path

import pytest
import yaml
from browser import chromium  # noqa: F401
from made_up_reports import write_made_up

from faceline.reporting.inputs import Inputs
from stages.report import report

_SAMPLE = Path(__file__).resolve().parents[2] / "params" / "base.yaml"


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Complete `metrics` and `reports` folders; not to be changed."""
    return write_made_up(tmp_path_factory.mktemp("made_up"))


@pytest.fixture(scope="session")
def inputs(folders: tuple[Path, Path]) -> Inputs:
    return Inputs.read(*folders)


@pytest.fixture(scope="session")
def params() -> dict[str, dict]:
    """The groups that the stage asks for, as the sample sets them."""
    tree = yaml.safe_load(_SAMPLE.read_text())
    groups = [name for name, one in signature(report).parameters.items() if one.annotation is dict]
    return {name: tree.get(name, {}) for name in groups} | {"losses": {"arcface": {"margin_rad": 0.47}}}
