"""The Dockerfile, read as a list of instructions: no container is built here."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return [tuple(line.split(maxsplit=1)) for line in lines]


def values(instructions: list[tuple[str, str]], name: str) -> list[str]:
    return [value for instruction, value in instructions if instruction == name]


def test_it_ends_as_somebody_who_is_not_root(instructions: list) -> None:
    assert values(instructions, "USER")[-1] not in ("root", "0")
    names = [name for name, _ in instructions]
    assert max(i for i, name in enumerate(names) if name == "RUN") < names.index("USER")


def test_the_entry_point_is_the_tool(instructions: list) -> None:
    assert json.loads(values(instructions, "ENTRYPOINT")[-1]) == ["faceline"]


def test_the_base_is_the_python_that_the_project_asks_for(instructions: list) -> None:
    project = (ROOT / "pyproject.toml").read_text()
    low = re.search(r'requires-python = ">=(\d+\.\d+)', project).group(1)
    assert values(instructions, "FROM") == [f"python:{low}-slim"]


def test_models_and_data_come_from_outside(instructions: list) -> None:
    copied = " ".join(values(instructions, "COPY") + values(instructions, "ADD"))
    assert not re.search(r"\b(models|data)\b", copied)
    assert "/models" in json.loads(values(instructions, "VOLUME")[0])


def test_what_is_copied_is_there_or_named_by_the_project(instructions: list) -> None:
    for value in values(instructions, "COPY"):
        for source in value.split()[:-1]:
            assert (ROOT / source).exists(), source
