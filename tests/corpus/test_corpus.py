"""Every broken file is answered with one message that names it, and every harmless one is read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from corpus.case import judge
from corpus.table import CASES


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sound")


ROOT = Path(__file__).parents[2]
# a case in six: all of them, with limits of memory and time, are what `make faults` runs
FAST = [name for name, case in CASES.items() if not (case.costly or case.bounded)][::6]


@pytest.mark.parametrize("name", FAST)
def test_the_answer_is_right(name: str, sound: Path, tmp_path: Path) -> None:
    outcome, _ = judge(CASES[name], tmp_path, sound)
    assert outcome.fault == ""


def test_what_asks_for_much_memory_or_time_gets_neither() -> None:
    """In a process of its own: a huge picture or table, a view without end, anchors that unfold."""
    words = ["30,000 x 30,000", "photo in a folder: 3 GB", "a view", "anchors", "crop by"]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    command = [sys.executable, "-m", "corpus", "--bounded", *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert done.returncode == 0, done.stdout


def test_there_are_at_least_400_cases_and_each_kind_has_a_sound_one() -> None:
    assert len(CASES) >= 400
    kinds = {case.kind.name for case in CASES.values()}
    read = {case.kind.name for case in CASES.values() if case.harmless}
    # a model of YuNet's is nobody's to make, the others are one question each
    assert {kind for kind in kinds - read if not kind.startswith(("crop by", "YuNet", "CelebA together"))} == set()
