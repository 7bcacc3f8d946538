"""Ratios of two sides that run in turns, and the record that `python -m benchmarks.speed` makes its page from."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

RECORD = "FACELINE_SPEED_RECORD"  # the file to which a benchmark adds its ratios, where benchmarks.speed runs it


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def alternate(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> list[float]:
    """The time of one side over that of the other, once a round, after a round that does not count.

    The two sides run in turns, so that a busy machine hits both alike.
    """
    ratios = [seconds(ours) / seconds(theirs) for _ in range(rounds + 1)]
    return ratios[1:]


def spread(ratios: Sequence[float]) -> str:
    """The median with the least and the largest."""
    if len(ratios) == 1:
        return f"{ratios[0]:.3g}"
    return f"{median(ratios):.3g} ({min(ratios):.3g} to {max(ratios):.3g})"


def record(figures: Mapping[str, Sequence[float]], notes: Mapping[str, str] | None = None) -> None:
    """Adds ratios, one a round, to the file that `RECORD` names; does nothing where it names none.

    Args:
        figures: by the key that `benchmarks/speed_figures.py` has for each.
        notes: what else was measured, by the same keys.
    """
    if not os.environ.get(RECORD):
        return
    path = Path(os.environ[RECORD])
    held = json.loads(path.read_text()) if path.exists() else {}
    for key, ratios in figures.items():
        held[key] = {"ratios": [round(float(ratio), 4) for ratio in ratios]}
        if notes and key in notes:
            held[key]["note"] = notes[key]
    path.write_text(json.dumps(held))
