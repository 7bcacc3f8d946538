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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

from chain import ROOT
from faults import record
from graph import GRAPH

CASES = 105_000

Part = tuple[str, Callable[[], tuple[dict, list[str]]]]  # its name, and what gives its figures and its faults


def corpus() -> Iterator[Part]:
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

        yield module.__name__.removeprefix("corpus.").removesuffix("_cases"), run


def refusals() -> Iterator[Part]:
    from corpus.refusals import refusals_of, ways

    for name, way in ways().items():

        def run(way: object = way) -> tuple[dict, list[str]]:
            tried, faults = refusals_of(way)
            return {"tried": tried, "answered": tried - len(faults)}, faults

        yield name, run


def galleries() -> Iterator[Part]:
    from faults.gallery_kills import enrol_at_once, kill_enrolments

    for name, work in {"enrolment": kill_enrolments, "enrolment by 8 processes at once": enrol_at_once}.items():

        def run(work: Callable = work) -> tuple[dict, list[str]]:
            counts = asdict(work())
            return counts, counts.pop("faults")

        yield name, run


def fuzz(wanted: Sequence[str]) -> Iterator[Part]:
    from faults.forked import in_forks
    from faults.fuzz import READERS, cases_of, limited

    def run(name: str) -> dict:
        return asdict(limited(name, cases_of(name, CASES)))

    for name, tally in in_forks(run, [name for name in READERS if "fuzz" in wanted or f"fuzz:{name}" in wanted]):
        faults = tally.pop("faults")
        yield name, lambda tally=tally, faults=faults: (tally, faults)


def kills(work: Path, wanted: Sequence[str]) -> Iterator[Part]:
    names = [name for name in GRAPH["stages"] if "kills" in wanted or f"kills:{name}" in wanted]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests")}  # the copy's code, not this one's
    # one process for all stages: it takes seconds to import what they import
    command = [sys.executable, "-m", "faults.stage_kills", str(work), *names]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as killer:
        for line in killer.stdout:
            name, counts = json.loads(line)
            faults = counts.pop("faults")
            yield name, lambda counts=counts, faults=faults: (counts, faults)
    assert killer.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, help="folder for the tiny chain, kept for later parts")
    parser.add_argument(
        "parts", nargs="*", help="corpus, refusals, galleries, kills, fuzz; or kills:scan and the like"
    )
    arguments = parser.parse_args()
    faults = 0
    with tempfile.TemporaryDirectory() as temporary:
        work = (arguments.work or Path(temporary)) / "chain"
        work.mkdir(parents=True, exist_ok=True)
        parts = {
            "corpus": corpus,
            "refusals": refusals,
            "galleries": galleries,
            "kills": lambda: kills(work, wanted),
            "fuzz": lambda: fuzz(wanted),
        }
        wanted = arguments.parts or [*parts]
        unknown = {one.partition(":")[0] for one in wanted} - {*parts}
        if unknown:
            parser.error(f"no part {', '.join(unknown)}; there are {', '.join(parts)}")
        for part, listed in parts.items():
            if any(one.partition(":")[0] == part for one in wanted):
                since = time.monotonic()
                for name, run in listed():
                    if part in wanted or f"{part}:{name}" in wanted:
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
