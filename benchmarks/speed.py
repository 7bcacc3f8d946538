"""Runs the benchmarks of docs/results/speed.md, keeps their ratios in speed.json, and makes the page's table of it.

    python -m benchmarks.speed                          all, an hour on two cores
    python -m benchmarks.speed --only gallery heads     some; the other figures stay as they are
    python -m benchmarks.speed --page                   the table alone, from the record

Within a benchmark the two sides of each ratio run in turns. The record says of each figure at which revision, on
which machine and beside how much other work it was measured.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import psutil

from benchmarks.alternating import RECORD
from benchmarks.speed_figures import GROUPS, Figure, Group
from faceline.core.errors import FacelineError, InputError
from faceline.core.files import write_text
from faceline.imaging.parallel import usable_cores

RESULTS = Path("docs/results")
HELD, PAGE = RESULTS / "speed.json", RESULTS / "speed.md"
START, END = "<!-- the table: python -m benchmarks.speed --page -->", "<!-- end of the table -->"
BUSY = 0.1  # of the cores: from here on the page says that other work ran


def run(group: Group) -> dict[str, dict]:
    """What one benchmark measured, by figure, with the revision, the machine and how busy other work kept it."""
    facts = {"revision": _revision(), "machine": _machine()}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "record.json"
        command = [sys.executable, "-m", *f"benchmarks.{group.command}".split()]
        facts["others"] = _run(command, os.environ | {RECORD: str(file)})
        found = json.loads(file.read_text()) if file.exists() else {}
    missing = [figure.key for figure in group.figures if figure.key not in found]
    if missing:
        raise FacelineError(f"benchmarks.{group.command}: did not record {', '.join(missing)}")
    return {figure.key: found[figure.key] | facts for figure in group.figures}


def table(held: Mapping[str, Mapping]) -> str:
    """The page's table, a row a figure."""
    lines = [
        "| what | over what | ratio: median (least to largest) | aimed at | `make bench ONLY=` | measured at |",
        "|---|---|---|---|---|---|",
    ]
    for group in GROUPS:
        for figure in group.figures:
            lines.append(_row(group, figure, held.get(figure.key)))
    return "\n".join(lines)


def with_table(page: str, made: str) -> str:
    """The page with another table.

    Raises:
        InputError: it has no place for one.
    """
    before, start, rest = page.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise InputError(f"{PAGE}: expected the lines {START} and {END}")
    return f"{before}{START}\n\n{made}\n\n{END}{after}"


def _row(group: Group, figure: Figure, held: Mapping | None) -> str:
    ratio, place = "not measured yet", ""
    if held:
        ratio, place = _ratio(held["ratios"]), _place(held)
        ratio += f"; {held['note']}" if "note" in held else ""
    return f"| {figure.what} | {figure.over} | {ratio} | {figure.goal} | `{group.name}` | {place} |"


def _ratio(ratios: list[float]) -> str:
    if len(ratios) == 1:
        return f"{ratios[0]:.3g}"
    return f"{median(ratios):.3g} ({min(ratios):.3g} to {max(ratios):.3g}), {len(ratios)} rounds"


def _place(held: Mapping) -> str:
    others = held["others"]
    beside = f", beside work on {others:.0%} of them" if others >= BUSY else ""
    return f"`{held['revision']}`, {held['machine']}{beside}"


def _run(command: list[str], environment: Mapping[str, str]) -> float:
    """Runs a command; the share of the cores' time that went to other work meanwhile, or to other virtual machines.

    Raises:
        subprocess.CalledProcessError: the command failed.
    """
    psutil.cpu_percent()  # what it returns the next time counts from here
    before, started = os.times(), time.perf_counter()
    subprocess.run(command, env=environment, check=True)
    after, taken = os.times(), time.perf_counter() - started
    busy = psutil.cpu_percent() / 100 * psutil.cpu_count() * taken
    own = after.children_user - before.children_user + after.children_system - before.children_system
    return round(max(0.0, busy - own) / taken / usable_cores(), 2)


def _revision() -> str:
    return subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()


def _machine() -> str:
    """The processor as it calls itself, and how many cores may be used."""
    name, file = platform.processor() or platform.machine(), Path("/proc/cpuinfo")
    if file.exists():
        models = [line.partition(":")[2].strip() for line in file.read_text().splitlines() if "model name" in line]
        name = models[0] if models else name
    return f"{usable_cores()} x {name}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=[group.name for group in GROUPS], metavar="NAME")
    parser.add_argument("--page", action="store_true", help="the page alone, from the record")
    options = parser.parse_args()
    held = json.loads(HELD.read_text()) if HELD.exists() else {}
    for group in GROUPS if not options.page else ():
        if options.only and group.name not in options.only:
            continue
        if group.needs and not Path(group.needs).exists():
            print(f"== {group.name}: left out, there is no {group.needs}", flush=True)
            continue
        print(f"== {group.name}: python -m benchmarks.{group.command}", flush=True)
        held |= run(group)
        write_text(HELD, json.dumps(held, indent=1) + "\n")
        write_text(PAGE, with_table(PAGE.read_text(), table(held)))
    write_text(PAGE, with_table(PAGE.read_text(), table(held)))


if __name__ == "__main__":
    main()
