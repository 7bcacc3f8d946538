"""The harness itself: it kills what lives, tells what lives on, and knows an output that is not whole."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from faults import killing
from faults.gallery_kills import enrol_at_once, kill_enrolments
from faults.killing import SIGNALS, started_by, strike

SLEEPS = "import time; time.sleep(30)"
LEAVES = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(30)']); "


def python(code: str, folder: Path) -> Callable[[int], subprocess.Popen]:
    return lambda said: subprocess.Popen(
        [sys.executable, "-c", code], cwd=folder, stdout=said, stderr=said, start_new_session=True
    )


@pytest.mark.parametrize("number", SIGNALS)
def test_a_process_is_killed_at_its_moment(number: signal.Signals, tmp_path: Path) -> None:
    start = time.monotonic()
    ended = strike(python(SLEEPS, tmp_path), tmp_path, number, after=0.2)
    assert (ended.struck, ended.trouble) == (True, "")
    assert 0.2 <= time.monotonic() - start < 25
    assert list(tmp_path.iterdir()) == []


def test_one_that_ends_before_is_not_counted(tmp_path: Path) -> None:
    assert not strike(python("", tmp_path), tmp_path, signal.SIGKILL, after=20).struck


def test_a_process_that_lives_on_is_told_and_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(killing, "ENDS_WITHIN", 0.3)
    start = python(f"{LEAVES} open('begun', 'w'); time.sleep(30)", tmp_path)
    ended = strike(start, tmp_path, signal.SIGKILL, after=0, begun=(tmp_path / "begun").exists)
    assert "lived on" in ended.trouble


def test_a_worker_is_killed_instead(tmp_path: Path) -> None:
    """The first process waits for it, and ends badly because of it."""
    waits = "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(30)']); open('begun', 'w'); "
    code = f"import subprocess, sys; {waits} sys.exit(child.wait() == -9 and 7)"
    begun = (tmp_path / "begun").exists
    ended = strike(python(code, tmp_path), tmp_path, signal.SIGKILL, after=0, begun=begun, worker=True)
    assert (ended.struck, ended.trouble) == (True, "")
    assert started_by(1_000_000_000) == []


def test_kills_while_enrolling() -> None:
    counts = kill_enrolments(kills=3)
    assert counts.faults == []
    assert (counts.kills, counts.survived) == (3, 3)


def test_many_writers_at_once() -> None:
    assert enrol_at_once(writers=3, people=3).faults == []
