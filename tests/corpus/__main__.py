"""Runs all cases of broken files, each in a process of its own with a limit of memory and time: `python -m corpus`.

Prints answered / tried, tracebacks and cases over a limit, and ends with exit code 1 unless all are right.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from faults.forked import in_forks

from corpus.case import Case, Outcome, judge
from corpus.table import CASES

MAX_BYTES = 1.5e9  # resident, at most
MAX_SECONDS = 10.0  # of processor time
KILL_AFTER = 120  # seconds, with what making the file takes, beside other work


def limited(case: Case, sound: Path) -> Outcome:
    """Judges a case in a child process: its peak of resident memory counts, and the seconds that reading takes."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        child = os.fork()
        if not child:
            signal.alarm(KILL_AFTER)
            place = Path(folder) / "case"
            place.mkdir()
            sys.stderr = (Path(folder) / "stderr").open("w")
            outcome, seconds = judge(case, place, sound)
            answer.write_text(json.dumps([outcome.fault, outcome.traceback, outcome.message, seconds]))
            os._exit(0)
        _, status, used = os.wait4(child, 0)
        if not answer.is_file():
            why = f"killed by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else "ended"
            return Outcome(f"over the limit: {why} after up to {KILL_AFTER} s")
        fault, traceback, message, seconds = json.loads(answer.read_text())
    peak = used.ru_maxrss * 1024
    if seconds > MAX_SECONDS or peak > MAX_BYTES:
        return Outcome(f"over the limit: {peak / 1e9:.2f} GB, {seconds:.1f} s")
    return Outcome(fault, traceback, message)


def run_cases(cases: Sequence[Case], show: bool = False) -> dict[str, Outcome]:
    """What came back from each, by name, a share of them a core; faults are printed, and with `show` every answer."""

    def run(share: Sequence[Case]) -> dict[str, list]:
        outcomes = {}
        with tempfile.TemporaryDirectory() as sound:
            for case in share:
                outcome = limited(case, Path(sound))
                outcomes[case.name] = [outcome.fault, outcome.traceback, outcome.message]
                if outcome.fault or show:
                    print(f"{case.name}\n    {outcome.fault or outcome.message}", flush=True)
        return outcomes

    cores = len(os.sched_getaffinity(0))
    shares = [cases[first::cores] for first in range(cores)]
    done = {name: answer for _, answers in in_forks(run, shares) for name, answer in (answers or {}).items()}
    return {case.name: Outcome(*done.get(case.name, ("its process ended", True))) for case in cases}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bounded", action="store_true", help="only cases that ask for much memory or time")
    parser.add_argument("--show", action="store_true", help="print every answer")
    parser.add_argument("words", nargs="*", help="only cases whose names hold one of these")
    arguments = parser.parse_args()
    chosen = [case for case in CASES.values() if not arguments.bounded or (case.bounded and not case.costly)]
    if arguments.words:
        chosen = [case for case in chosen if any(word in case.name for word in arguments.words)]
    start = time.monotonic()
    outcomes = run_cases(chosen, arguments.show)
    faults = [outcome for outcome in outcomes.values() if outcome.fault]
    print(
        f"answered {len(chosen) - len(faults)} / {len(chosen)} tried, "
        f"{sum(one.traceback for one in faults)} tracebacks, "
        f"{sum(one.fault.startswith('over the limit') for one in faults)} over the limit of {MAX_BYTES / 1e9} GB and "
        f"{MAX_SECONDS:.0f} s; {time.monotonic() - start:.0f} s in all"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
