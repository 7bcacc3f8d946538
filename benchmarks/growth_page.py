"""The table and the chart of docs/scaling.md, from what benchmarks.growth measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from faceline.core.errors import InputError
from faceline.core.files import replacing, write_text

ROOT = Path(__file__).parents[1]
PAGE, CHART = ROOT / "docs/scaling.md", ROOT / "docs/growth.png"
START, END = "<!-- growth: python -m benchmarks.growth --page -->", "<!-- end of growth -->"
EXTRAPOLATED = (202_599, 5_000_000)
MIN_TIME = 1.0  # s above the start; less is no measure of growth
LEAST_DRAWN = 0.2  # s; the start itself varies by as much
MIN_SPAN = 4  # the largest size over the smallest
FROM_SCAN_TO_EVALUATION = ("scan", "analyze", "filter", "crop", "align", "embed@aligned", "evaluate_recognition")


def exponent(photos: Sequence[int], seconds: Sequence[float]) -> float | None:
    """The slope of log time over log photos; None where times are too short or sizes too near to tell."""
    if photos[-1] < MIN_SPAN * photos[0] or min(seconds) < MIN_TIME:
        return None
    return float(np.polyfit(np.log(photos), np.log(seconds), 1)[0])


def extrapolated(photos: Sequence[int], values: Sequence[float], at: int, power: float) -> float:
    """A value at another size, by the power law through the largest size."""
    return values[-1] * (at / photos[-1]) ** power


def table(sizes: Mapping[str, Mapping], beyond: Sequence[int]) -> str:
    """A row a stage: time and memory at each size, the exponent, and the time that larger sizes would take."""
    photos = [int(size) for size in sizes]
    heads = ["stage", "start, s", *(f"{size:,} photos" for size in photos), "exponent"]
    heads += [f"**extrapolated** to {size:,}" for size in beyond]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    shared = set.intersection(*map(set, sizes.values()))
    for name in (name for name in sizes[str(photos[-1])] if name in shared):
        rows = [size[name] for size in sizes.values()]
        times = [max(0.0, row["cpu_s"] - row["start_s"]) for row in rows]
        power = exponent(photos, times)
        cells = [name, f"{np.mean([row['start_s'] for row in rows]):.1f}"]
        cells += [f"{taken:.1f} s, {row['peak_mb']:.0f} MB" for taken, row in zip(times, rows, strict=True)]
        cells.append("too short to tell" if power is None else f"{power:.2f}")
        for size in beyond:
            cells.append("" if power is None else f"{extrapolated(photos, times, size, power) / 3600:.1f} h")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def scan_to_evaluation(sizes: Mapping[str, Mapping]) -> str:
    """Wall time and memory from the scan to the evaluation at the largest size; empty where a stage lacks."""
    photos, stages = list(sizes.items())[-1]
    if not set(FROM_SCAN_TO_EVALUATION) <= set(stages):
        return ""
    rows = [stages[name] for name in FROM_SCAN_TO_EVALUATION]
    minutes, peak = sum(row["wall_s"] for row in rows) / 60, max(row["peak_mb"] for row in rows)
    names = ", ".join(f"`{name}`" for name in FROM_SCAN_TO_EVALUATION)
    return (
        f"Of {int(photos):,} photos on {rows[0]['cores']} cores, {names} took {minutes:.1f} minutes one after "
        f"another, their starts included, and at most {peak / 1000:.1f} GB."
    )


def write_page(sizes: Mapping[str, Mapping], beyond: Sequence[int]) -> None:
    """Puts table and chart on the page.

    Raises:
        InputError: it has no place for them.
    """
    page = PAGE.read_text()
    before, start, rest = page.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise InputError(f"{PAGE}: expected the lines {START} and {END}")
    _draw(sizes)
    command = f"python -m benchmarks.growth --photos {' '.join(sizes)} --stages {_asked(sizes)}"
    rows = [row for size in sizes.values() for row in size.values()]
    revisions = ", ".join(f"`{one}`" for one in dict.fromkeys(row["revision"] for row in rows))
    said = (
        f"Measured at {revisions} with `{command}`, one run a size. Times are processor time above the start of the "
        f"stage alone; memory is the most that was held. {scan_to_evaluation(sizes)}"
    )
    chart = f"![Processor time and peak memory over the number of photos, a line a stage]({CHART.name})"
    write_text(PAGE, f"{before}{START}\n\n{said}\n\n{table(sizes, beyond)}\n\n{chart}\n\n{END}{after}")


def _asked(sizes: Mapping[str, Mapping]) -> str:
    """What `--stages` is given for the stages that the table has."""
    shared = set.intersection(*map(set, sizes.values()))
    names = [name for name in next(iter(sizes.values())) if name in shared]
    return "all" if "report" in shared else " ".join(names)


def _draw(sizes: Mapping[str, Mapping]) -> None:
    import vl_convert  # late: a large library

    from faceline.reporting.theme import CONFIG, VEGA_LITE

    points = [
        {
            "stage": name,
            "photos": int(size),
            "seconds": taken if (taken := row["cpu_s"] - row["start_s"]) >= LEAST_DRAWN else None,
            "memory": row["peak_mb"],
        }
        for size, measured in sizes.items()
        for name, row in measured.items()
    ]
    axis = {"values": [int(size) for size in sizes]}  # what was measured
    x = {"field": "photos", "type": "quantitative", "scale": {"type": "log", "nice": False}, "axis": axis}
    panels = [
        {
            "title": title,
            "width": 330,
            "height": 240,
            "mark": {"type": "line", "point": True},
            "encoding": {
                "x": x,
                "y": {"field": field, "type": "quantitative", "title": None, "scale": scale},
                "color": {"field": "stage", "sort": None, "title": None, "scale": {"scheme": "tableau20"}},
            },
        }
        for title, field, scale in (
            ("processor time without the start of Python, s", "seconds", {"type": "log"}),
            ("peak memory, MB", "memory", {"zero": True}),
        )
    ]
    spec = {"background": "white", "data": {"values": points}, "hconcat": panels}
    png = vl_convert.vegalite_to_png(spec, vl_version=VEGA_LITE, config=CONFIG, scale=1.5)
    with replacing(CHART) as temporary:
        temporary.write_bytes(png)
