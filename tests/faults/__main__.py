"""Broken and random files, refusals of the system, kills: `python -m faults`, or only some parts of it.

What a part came to goes into docs/results/reliability.json and its page at once. Ends with exit code 1 on any fault.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import ModuleType

from chain import ROOT
from faults import record
from graph import GRAPH

CASES = 92_000  # asked for; the runs of neighbouring edits come to some more

Part = tuple[str, Callable[[], tuple[dict, list[str]]]]  # its name, and what gives its figures and its faults
Wanted = Callable[[str], bool]  # whether a part of this name is to be run


def corpus(wanted: Wanted) -> Iterator[Part]:
    from corpus.__main__ import run_cases
    from corpus.table import MODULES

    for module in MODULES:

        def run(module: ModuleType = module) -> tuple[dict, list[str]]:
            outcomes = run_cases([*module.cases()])
            faults = {name: outcome for name, outcome in outcomes.items() if outcome.fault}
            figures = {
                "tried": len(outcomes),
                "answered": len(outcomes) - len(faults),
                "tracebacks": sum(outcome.traceback for outcome in faults.values()),
                "over_limit": sum(outcome.fault.startswith("over the limit") for outcome in faults.values()),
            }
            return figures, [f"{name}: {outcome.fault}" for name, outcome in faults.items()]

        name = module.__name__.removeprefix("corpus.").removesuffix("_cases")
        if wanted(name):
            yield name, run


def refusals(wanted: Wanted) -> Iterator[Part]:
    from corpus.refusals import refusals_of, ways

    for name, way in ways().items():

        def run(way: object = way) -> tuple[dict, list[str]]:
            tried, faults = refusals_of(way)
            return {"tried": tried, "answered": tried - len(faults)}, faults

        if wanted(name):
            yield name, run


def galleries(wanted: Wanted) -> Iterator[Part]:
    from faults.gallery_kills import enrol_at_once, kill_enrolments

    for name, work in {"enrolment": kill_enrolments, "enrolment by 8 processes at once": enrol_at_once}.items():

        def run(work: Callable = work) -> tuple[dict, list[str]]:
            counts = asdict(work())
            return counts, counts.pop("faults")

        if wanted(name):
            yield name, run


def fuzz(wanted: Wanted) -> Iterator[Part]:
    from faults.forked import in_forks
    from faults.fuzz import READERS, cases_of, limited

    def run(name: str) -> dict:
        return asdict(limited(name, cases_of(name, CASES)))

    for name, tally in in_forks(run, [*filter(wanted, READERS)]):
        faults = tally.pop("faults")
        yield name, lambda tally=tally, faults=faults: (tally, faults)


def kills(wanted: Wanted, work: Path) -> Iterator[Part]:
    from faults.stage_kills import kills_of

    names = [f"{script}/{place}" for script in GRAPH["stages"] for place in range(len(kills_of(script)))]
    names = [*filter(wanted, names)]
    if not names:
        return
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests")}  # the copy's code, not this one's
    # one process for all stages: it takes seconds to import what they import
    command = [sys.executable, "-m", "faults.stage_kills", str(work), *names]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as killer:
        for line in killer.stdout:
            name, counts = json.loads(line)
            faults = counts.pop("faults")
            yield name, lambda counts=counts, faults=faults: (counts, faults)
    assert killer.returncode == 0


PARTS = {"corpus": corpus, "refusals": refusals, "galleries": galleries, "kills": kills, "fuzz": fuzz}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, help="folder for the tiny chain, kept for later parts")
    parser.add_argument("--missing", action="store_true", help="only what the record does not have")
    parser.add_argument("parts", nargs="*", help=f"{', '.join(PARTS)}, or kills:scan and the like")
    arguments = parser.parse_args()
    asked, known, faults = arguments.parts or [*PARTS], record.read(), 0
    unknown = {one.partition(":")[0] for one in asked} - {*PARTS}
    if unknown:
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")

    def wanted(part: str, name: str) -> bool:
        names = {name, name.partition("/")[0]}
        there = arguments.missing and not names.isdisjoint(known.get(part, {}))
        return not there and not {part, *(f"{part}:{one}" for one in names)}.isdisjoint(asked)

    with tempfile.TemporaryDirectory() as temporary:
        work = (arguments.work or Path(temporary)) / "chain"
        work.mkdir(parents=True, exist_ok=True)
        for part, listed in PARTS.items():
            if any(one.partition(":")[0] == part for one in asked):
                since = time.monotonic()
                for name, run in listed(partial(wanted, part), *([work] if part == "kills" else [])):
                    faults += _run(part, name, run, since)
                    since = time.monotonic()
    return 1 if faults else 0


def _run(part: str, name: str, run: Callable[[], tuple[dict, list[str]]], since: float) -> int:
    """Its time is that since the part before it: what is done to get at it counts."""
    figures, faults = run()
    seconds = time.monotonic() - since
    record.add(part, name, figures, seconds)
    told = " ".join(f"{key} {value}" for key, value in figures.items())
    print("\n".join([f"{part}, {name}: {told}; {seconds:.0f} s", *(f"    {fault}" for fault in faults)]), flush=True)
    return len(faults)


if __name__ == "__main__":
    sys.exit(main())
