"""Kills a process at a moment, and sees whether all that it started ends too."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from faults.forked import Forked

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
ENDS_WITHIN = 60.0  # seconds from the signal, of the process and of what it started
PATIENCE = 280.0  # seconds, of a run

Process = subprocess.Popen | Forked


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        struck: it was alive when the signal came, and did not end as if none had come.
        seconds: of its run.
        worked: seconds of its run from when `begun` was true.
        trouble: what it should not have done: hung, or left processes behind.
        said: its stderr.
    """

    struck: bool
    seconds: float
    worked: float
    trouble: str = ""
    said: str = ""


def strike(
    start: Callable[[int], Process],
    folder: Path,
    number: signal.Signals,
    after: float,
    begun: Callable[[], object] = lambda: True,
    worker: bool = False,
) -> Ended:
    """Starts a process and sends it a signal.

    Args:
        start: starts it, in a session of its own, with its output going to the file that is given.
        folder: where that file may be.
        number: SIGINT goes to all processes of the group, as Ctrl-C does, the others to the first alone.
        after: seconds from when `begun` is true.
        worker: one of the processes that it started gets the signal instead of it.
    """
    since = time.monotonic()
    with (folder / ".said").open("w+") as said:
        process = start(said.fileno())
        while process.poll() is None and not begun() and time.monotonic() - since < PATIENCE:
            time.sleep(0.005)
        begin = time.monotonic()
        _wait(process, after)
        worked = time.monotonic() - begin
        alive = process.poll() is None
        if alive:
            _send(process.pid, number, worker)
        code, trouble = _end(process)
        said.seek(0)
        text = said.read()
    (folder / ".said").unlink()
    return Ended(alive and code != 0, time.monotonic() - since, worked, trouble, text)


def _wait(process: Process, seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def _send(process: int, number: signal.Signals, worker: bool) -> None:
    try:
        if worker:
            for one in started_by(process)[-1:]:
                os.kill(one, number)
        elif number == signal.SIGINT:
            os.killpg(process, number)
        else:
            os.kill(process, number)
    except ProcessLookupError:
        pass  # it has just ended


def started_by(process: int) -> list[int]:
    """The living processes that one has started, the latest last; without Python's tracker of resources."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            tracker = b"resource_tracker" in (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == process and not tracker:
            found.append(int(entry.name))
    return sorted(found)


def _end(process: Process) -> tuple[int, str]:
    """The exit code, and what lived on; whatever does is killed."""
    deadline, trouble = time.monotonic() + ENDS_WITHIN, ""
    _wait(process, ENDS_WITHIN)
    if process.poll() is None:
        trouble = f"did not end within {ENDS_WITHIN:.0f} s of the signal"
    while not trouble and _group_lives(process.pid):
        if time.monotonic() > deadline:
            trouble = f"left processes that lived on for {ENDS_WITHIN:.0f} s"
        time.sleep(0.01)
    if trouble:
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait(), trouble


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
