"""The record of `make faults`, and the page that is made of it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence

from chain import ROOT
from graph import GRAPH

RECORD = ROOT / "docs/results/reliability.json"
PAGE = ROOT / "docs/results/reliability.md"
README = ROOT / "README.md"
README_HEAD = "| `make faults`, [details](docs/results/reliability.md) | tried | as it must be |\n|---|---|---|\n"
# what the headline figures count, two and two
TRIED = (
    "broken files: one message that names the file",
    "files changed at random: read, or one message",
    "full disks, read-only file systems, outputs that nobody reads: one line, nothing half-written",
    "kills of stages and of enrolments: another run ends well, nothing else is left",
    "outputs after a kill and another run: the bytes of a run that nobody disturbed",
    "photos reported as enrolled before a kill: in the gallery after it",
)
KILLS = ("kills", "survived", "resumed", "workers", "equal", "compared", "reported", "lost")
CASES = ("cases", "read", "refused", "faulty")


def read() -> dict:
    return json.loads(RECORD.read_text()) if RECORD.exists() else {}


def add(part: str, name: str, figures: Mapping, seconds: float) -> None:
    """Puts what a part of the run came to into the record, in the place of an earlier run's, and makes the page."""
    known = read()
    about = {"seconds": round(seconds, 1), "load": round(os.getloadavg()[0], 1), "revision": _revision()}
    known.setdefault(part, {})[name] = {**figures, **about}
    known["cores"] = len(os.sched_getaffinity(0))
    RECORD.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    PAGE.write_text(page(known))
    text = README.read_text()
    if README_HEAD in text:
        start = text.index(README_HEAD)
        README.write_text(text[:start] + readme_table(known) + text[text.index("\n\n", start) + 1 :])


def _revision() -> str:
    command = ["git", "rev-parse", "--short=7", "HEAD"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def summary(known: Mapping) -> dict[str, int]:
    """The headline figures: how many were tried, and how many came out as they must."""
    kills, galleries = _sums(known, "kills", KILLS), _sums(known, "galleries", KILLS)
    files, fuzz = _sums(known, "corpus", ("tried", "answered")), _sums(known, "fuzz", CASES)
    refused = _sums(known, "refusals", ("tried", "answered"))
    return {
        "files_tried": files["tried"],
        "files_answered": files["answered"],
        "fuzz_cases": fuzz["cases"],
        "fuzz_answered": fuzz["read"] + fuzz["refused"] - fuzz["faulty"],
        "refusals_tried": refused["tried"],
        "refusals_answered": refused["answered"],
        "kills": kills["kills"] + galleries["kills"],
        "kills_survived": kills["survived"] + galleries["survived"],
        "outs_compared": kills["compared"],
        "outs_equal": kills["equal"],
        "photos_reported": galleries["reported"],
        "photos_kept": galleries["reported"] - galleries["lost"],
    }


def readme_table(known: Mapping) -> str:
    """README's table of the headline figures."""
    figures = [f"{value:,}" for value in summary(known).values()]
    return README_HEAD + _rows(zip(TRIED, figures[::2], figures[1::2], strict=True))


def stages(known: Mapping) -> dict[str, dict[str, int]]:
    """What the kills of each stage came to together; the record has one entry a kill, called `stage/place`."""
    found: dict[str, dict] = {name: {} for name in GRAPH["stages"]}
    for kill, figures in known.get("kills", {}).items():
        found[kill.partition("/")[0]][kill] = figures
    return {name: _sums({"kills": kills}, "kills", KILLS) for name, kills in found.items() if kills}


def _sums(known: Mapping, part: str, names: tuple[str, ...]) -> dict[str, int]:
    return {name: sum(entry.get(name, 0) for entry in known.get(part, {}).values()) for name in names}


HEAD = """# Reliability

What `make faults` came to, made by it from the record that it writes, [reliability.json](reliability.json).

```
make faults
```

Made at {revisions}, in {minutes:.0f} minutes on {cores} cores beside other work (load averages from {low} to {high}).

{table}
Of the broken files {tracebacks} ended in a traceback, and {over_limit} went over the limit of 1.5 GB and 10 s.

"""
REFUSALS = """## Refusals of the system

| what is refused | tried | one line, exit code 1, nothing half-written |
|---|---|---|
"""
STRUCK = """
## Kills

Each stage of a tiny set is killed at moments spread over its run, by SIGKILL, SIGTERM and SIGINT in turn, the two
trainings after their first checkpoint, and is run again. Stages run in forks of a process that has imported what they
import, so that a kill meets their work. Of a killed training the report's folder may hold the curves of its finished
epochs, as first rows of those of the whole training, and nothing else. Processes that enrol are killed between and
within people.

| stage | kills | survived | of a worker process | resumed | outputs equal / compared |
|---|---|---|---|---|---|
"""
RANDOM = """
## Random files

Sound files changed by edits that hypothesis draws from a fixed seed. A case may take 10 s, its process 1.5 GB.

| reader | cases | read | refused | faults | slowest, s | peak, MB |
|---|---|---|---|---|---|---|
"""


def page(known: Mapping) -> str:
    """The page's text."""
    parts = [entry for part in known.values() if isinstance(part, Mapping) for entry in part.values()]
    loads = [entry["load"] for entry in parts]
    about = {
        "revisions": ", ".join(f"`{one}`" for one in sorted({entry["revision"] for entry in parts})),
        "minutes": sum(entry["seconds"] for entry in parts) / 60,
        "cores": known["cores"],
        "low": min(loads),
        "high": max(loads),
    }
    table = readme_table(known).replace(README_HEAD, "| what | tried | as it must be |\n|---|---|---|\n")
    text = HEAD.format(**about, table=table, **_sums(known, "corpus", ("tracebacks", "over_limit")))
    text += REFUSALS + _rows((name, e["tried"], e["answered"]) for name, e in known.get("refusals", {}).items())
    struck = stages(known) | known.get("galleries", {})
    text += STRUCK + _rows(
        (name, e["kills"], e["survived"], e["workers"], e["resumed"], f"{e['equal']} / {e['compared']}")
        for name, e in struck.items()
    )
    fuzzed = known.get("fuzz", {})
    columns = (*CASES, "slowest_s", "peak_mb")
    return text + RANDOM + _rows((name, *(entry[key] for key in columns)) for name, entry in fuzzed.items())


def _rows(rows: Iterable[Sequence]) -> str:
    cells = ([f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows)
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)
