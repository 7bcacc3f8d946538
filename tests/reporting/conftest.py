"""Made-up figures and tables, written once for all tests of the report."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_up_reports import write_made_up

from faceline.core.params import Group, load_params
from faceline.reporting.sources import Sources

_SHOWN = ("data", "filter", "crop", "landmarks", "align", "recognition", "evaluation", "wild")


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Complete `metrics` and `reports` folders; not to be changed."""
    return write_made_up(tmp_path_factory.mktemp("made_up"))


@pytest.fixture(scope="session")
def sources(folders: tuple[Path, Path]) -> Sources:
    return Sources.read(*folders)


@pytest.fixture(scope="session")
def params() -> dict[str, Group]:
    loaded = load_params(Path(__file__).resolve().parents[2] / "params" / "sample.yaml")
    return {name: getattr(loaded, name) for name in _SHOWN}
