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
MIN_TIME = 0.2  # s above the start; less is no measure of growth


def exponent(photos: Sequence[int], seconds: Sequence[float]) -> float | None:
    """The slope of log time over log photos; None where times are too short to tell."""
    if len(photos) < 2 or min(seconds) < MIN_TIME:
        return None
    return float(np.polyfit(np.log(photos), np.log(seconds), 1)[0])


def extrapolated(photos: Sequence[int], values: Sequence[float], at: int, power: float) -> float:
    """A value at another size, by the power law through the largest size."""
    return values[-1] * (at / photos[-1]) ** power


def table(held: Mapping, beyond: Sequence[int]) -> str:
    """A row a stage: time and memory at each size, the exponent, and what larger sizes would take."""
    sizes = [int(size) for size in held["sizes"]]
    heads = ["stage", "start, s", *(f"{size:,} photos" for size in sizes), "exponent", "MB more a 1,000 photos"]
    heads += [f"**extrapolated** to {size:,}" for size in beyond]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for name in held["sizes"][str(sizes[-1])]:
        rows = [held["sizes"][str(size)][name] for size in sizes]
        times = [max(0.0, row["cpu_s"] - row["start_s"]) for row in rows]
        peaks = [row["peak_mb"] for row in rows]
        power, slope = exponent(sizes, times), _slope(sizes, peaks)
        cells = [name, f"{np.mean([row['start_s'] for row in rows]):.1f}"]
        cells += [f"{seconds:.1f} s, {peak:.0f} MB" for seconds, peak in zip(times, peaks, strict=True)]
        cells += ["" if power is None else f"{power:.2f}", f"{1000 * slope:.1f}"]
        for size in beyond:
            memory = peaks[-1] + max(0.0, slope) * (size - sizes[-1])
            hours = "" if power is None else f"{extrapolated(sizes, times, size, power) / 3600:.1f} h, "
            cells.append(f"{hours}{memory / 1024:.1f} GB")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def write_page(held: Mapping, beyond: Sequence[int]) -> None:
    """Puts table and chart on the page.

    Raises:
        InputError: it has no place for them.
    """
    page = PAGE.read_text()
    before, start, rest = page.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise InputError(f"{PAGE}: expected the lines {START} and {END}")
    _draw(held)
    command = f"python -m benchmarks.growth --photos {' '.join(held['sizes'])}"
    said = (
        f"Measured at `{held['revision']}` with `{command}`, one run a size on {held['cores']} cores with other work "
        "beside it. Times are processor time above the start."
    )
    chart = f"![Processor time and peak memory over the number of photos, a line a stage]({CHART.name})"
    write_text(PAGE, f"{before}{START}\n\n{said}\n\n{table(held, beyond)}\n\n{chart}\n\n{END}{after}")


def _slope(photos: Sequence[int], peaks: Sequence[float]) -> float:
    """MB a photo, by least squares."""
    return float(np.polyfit(photos, peaks, 1)[0]) if len(photos) > 1 else 0.0


def _draw(held: Mapping) -> None:
    import vl_convert  # late: a large library

    from faceline.reporting.theme import CONFIG, VEGA_LITE

    points = [
        {
            "stage": name,
            "photos": int(size),
            "seconds": max(0.01, row["cpu_s"] - row["start_s"]),
            "memory": row["peak_mb"],
        }
        for size, stages in held["sizes"].items()
        for name, row in stages.items()
    ]
    x = {"field": "photos", "type": "quantitative", "scale": {"type": "log", "nice": False}}
    panels = [
        {
            "title": title,
            "width": 330,
            "height": 240,
            "mark": {"type": "line", "point": True},
            "encoding": {
                "x": x,
                "y": {"field": field, "type": "quantitative", "title": None, "scale": scale},
                "color": {"field": "stage", "sort": None, "title": None, "scale": {"scheme": "tableau10"}},
            },
        }
        for title, field, scale in (
            ("processor time above the start, s", "seconds", {"type": "log"}),
            ("peak memory, MB", "memory", {"zero": True}),
        )
    ]
    spec = {"background": "white", "data": {"values": points}, "hconcat": panels}
    png = vl_convert.vegalite_to_png(spec, vl_version=VEGA_LITE, config=CONFIG, scale=1.5)
    with replacing(CHART) as temporary:
        temporary.write_bytes(png)
