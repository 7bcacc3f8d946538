"""The harness itself: it kills what lives, tells what lives on, and knows an output that is not whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from faults import killing
from faults.forked import in_forks
from faults.gallery_kills import enrol_at_once, kill_enrolments
from faults.killing import SIGNALS, started_by, strike
from faults.stage_kills import kills_of
from graph import GRAPH, STAGES

# what is started in the background of a shell ignores SIGINT, and so does what it starts
SLEEPS = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_DFL); time.sleep(30)"
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


@pytest.mark.parametrize("script", GRAPH["stages"])
def test_each_stage_is_killed_often_enough_by_every_signal(script: str) -> None:
    kills = kills_of(script)
    assert [place for _, place, _ in kills] == list(range(10 if script.startswith("train_") else 3))
    assert {name for name, *_ in kills} == {name for name, stage in STAGES.items() if stage["script"] == script}


def test_work_in_forks_comes_back_and_a_fork_that_dies_is_told() -> None:
    done = dict(in_forks(lambda item: os._exit(3) if item == 2 else [item * 10], [1, 2, 3]))
    assert done == {1: [10], 2: None, 3: [30]}
