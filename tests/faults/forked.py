"""Stages run in forks of a process that has imported what they import: a kill then meets a stage's work, not Python's
start, and a hundred of them take minutes."""

from __future__ import annotations

import importlib
import json
import os
import runpy
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, TypeVar

from graph import STAGES

Item = TypeVar("Item")
PAUSE = 0.005  # seconds between looks at a process


class Forked:
    """A child process that runs a function, in a session of its own; the interface is `subprocess.Popen`'s."""

    def __init__(self, run: Callable[[], None], folder: Path, said: int) -> None:
        """Starts it in `folder`; its output goes to the open file `said`."""
        self.returncode: int | None = None
        self.pid = os.fork()
        if not self.pid:
            _child(run, folder, said)

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, seconds: float = float("inf")) -> int:
        """The exit code; subprocess.TimeoutExpired where there is none after so many seconds."""
        deadline = time.monotonic() + seconds
        while self.poll() is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired("forked", seconds)
            time.sleep(min(PAUSE, left))
        return self.returncode


def _child(run: Callable[[], None], folder: Path, said: int) -> NoReturn:
    code = 1
    try:
        os.setsid()
        for output in (1, 2):
            os.dup2(said, output)
        sys.stdout = sys.stderr = os.fdopen(2, "w", 1)
        os.chdir(folder)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        run()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(OSError):
            sys.stderr.flush()
        os._exit(code)


def in_forks(work: Callable[[Item], object], items: Sequence[Item]) -> Iterator[tuple[Item, object]]:
    """Does each item's work in a fork, as many at once as there are cores, and yields results as they come.

    A result is passed on as JSON; it is None where the fork ended before it had one. For a process that started no
    threads.
    """
    waiting, running = [*items], {}
    with tempfile.TemporaryDirectory() as folder:
        while waiting or running:
            while waiting and len(running) < len(os.sched_getaffinity(0)):
                item = waiting.pop(0)
                answer = Path(folder) / f"{len(waiting)}.json"
                child = os.fork()
                if not child:
                    code = 1
                    try:
                        answer.write_text(json.dumps(work(item)))
                        code = 0
                    except BaseException:
                        traceback.print_exc()
                    finally:
                        sys.stdout.flush()
                        os._exit(code)
                running[child] = item, answer
            ended = [child for child in running if os.waitpid(child, os.WNOHANG)[0]]
            for item, answer in [running.pop(child) for child in ended]:
                yield item, json.loads(answer.read_text()) if answer.exists() else None
            if not ended:
                time.sleep(PAUSE)


def prepare(folder: Path, scripts: Iterable[str], modules: Iterable[str] = ()) -> None:
    """Imports what stages of the project in `folder` import, from there, but not their scripts.

    Nothing of the project may have been imported from elsewhere.

    Args:
        modules: what the stages are known to import while they run.
    """
    assert not [name for name in sys.modules if name.partition(".")[0] in ("faceline", "stages")]
    sys.path.insert(0, str(folder))
    for script in scripts:
        importlib.import_module(f"stages.{script}")
    names = [name for name in sys.modules if name.startswith("stages.")]
    for name in modules:
        with suppress(ImportError):
            importlib.import_module(name)
    for name in names:  # each is to be run as a script
        del sys.modules[name]
    assert sys.modules["faceline"].__file__ == str(folder / "faceline/__init__.py")


def run_stage(name: str) -> None:
    """Runs a stage's command line of dvc.yaml in this process."""
    python, option, module, *arguments = shlex.split(STAGES[name]["cmd"])
    assert (python, option) == ("python", "-m")
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
