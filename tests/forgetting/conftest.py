"""A data set of three people for each test, and a working directory above it."""

from __future__ import annotations

from pathlib import Path

import pytest
from named_data import write_named_data


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = Path("data/mine")
    write_named_data(folder)
    return folder
