"""Charts as SVG text: no script, no font, no colour of their own (the page's style sheet gives both schemes)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np

from faceline.reporting.axes import Axis
from faceline.reporting.numbers import NONE

# small enough that text stays readable when a phone shrinks the chart to its width
_WIDTH, _HEIGHT = 420, 290
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 16, 12, 46
_ROW, _NARROW_ROW, _MANY_ROWS = 24, 17, 20
_LETTER = 7.4  # of the labels' 12 px type, on the wide side
_VALUE_WIDTH = 62
_MOST_POINTS = 400


@dataclass(frozen=True)
class Series:
    """One line of a chart.

    Attributes:
        name: what the legend calls it.
        x, y: values, NaN where there is none.
        kind: `line`, `area` (filled down to the axis) or `dots`.
    """

    name: str
    x: Sequence[float] | np.ndarray
    y: Sequence[float] | np.ndarray
    kind: str = "line"


@dataclass(frozen=True)
class Row:
    """One row of an interval chart: a label, and for each series a value with its interval (None: no such)."""

    label: str
    values: tuple[float | None, ...]
    lows: tuple[float | None, ...] = ()
    highs: tuple[float | None, ...] = ()


@dataclass
class _Frame:
    """The plotting area in SVG units, and the elements drawn so far."""

    x: Axis
    y: Axis | None
    left: float
    top: float
    right: float
    bottom: float
    parts: list[str] = field(default_factory=list)

    def across(self, values: Sequence[float] | np.ndarray) -> np.ndarray:
        return self.left + self.x.place(values) * (self.right - self.left)

    def up(self, values: Sequence[float] | np.ndarray) -> np.ndarray:
        return self.bottom - self.y.place(values) * (self.bottom - self.top)

    def draw_axes(self) -> None:
        free = -np.inf
        for tick, x in zip(self.x.ticks, self.across(self.x.ticks), strict=True):
            self.parts.append(_line("grid", x, self.top, x, self.bottom))
            text = self.x.text(tick)
            half = _LETTER * len(text) / 2
            if x - half >= free:  # a label that would run into the one before is left out
                self.parts.append(_text("tick", x, self.bottom + 16, text, "middle"))
                free = x + half + 5
        middle = (self.left + self.right) / 2
        self.parts.append(_text("axis", middle, self.bottom + 36, self.x.label, "middle"))
        if self.y is None:
            return
        for tick, y in zip(self.y.ticks, self.up(self.y.ticks), strict=True):
            self.parts.append(_line("grid", self.left, y, self.right, y))
            self.parts.append(_text("tick", self.left - 6, y + 4, self.y.text(tick), "end"))
        middle = (self.top + self.bottom) / 2
        self.parts.append(
            f'<text class="axis" text-anchor="middle" transform="translate(13 {middle:.1f}) rotate(-90)">'
            f"{escape(self.y.label)}</text>"
        )

    def svg(self, title: str, width: float, height: float) -> str:
        return (
            f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(title)}">'
            f"{''.join(self.parts)}</svg>"
        )


def line_chart(
    title: str, x: Axis, y: Axis, series: Sequence[Series], x_marks: Sequence[tuple[float, str]] = ()
) -> str:
    """Lines, areas or dots over two axes.

    Args:
        title: says in words what is seen, for those who cannot see it.
        series: drawn in order; the colours are those of the style sheet's `s0`, `s1`, ...
        x_marks: vertical lines with a short text each.

    Returns:
        An SVG element.
    """
    frame = _Frame(x, y, _LEFT, _TOP, _WIDTH - _RIGHT, _HEIGHT - _BOTTOM)
    frame.draw_axes()
    for number, one in enumerate(series):
        across, up = frame.across(one.x), frame.up(one.y)
        known = np.isfinite(across) & np.isfinite(up)
        across, up = across[known], up[known]
        if one.kind == "dots":
            frame.parts.append(_dots(number, across, up, [one.name] * len(up)))
        elif len(up):
            frame.parts.append(_path(number, *_thinned(across, up), frame.bottom if one.kind == "area" else None))
    for value, text in x_marks:
        place = float(frame.across([value])[0])
        frame.parts.append(_line("mark", place, frame.top, place, frame.bottom))
        beyond = place > (frame.left + frame.right) / 2
        anchor, gap = ("end", -5) if beyond else ("start", 5)
        frame.parts.append(_text("note", place + gap, frame.top + 12, text, anchor))
    return frame.svg(title, _WIDTH, _HEIGHT)


def bar_chart(
    title: str, x: Axis, y: Axis, starts: Sequence[float], ends: Sequence[float], heights: Sequence[Sequence[float]]
) -> str:
    """Bars from `starts` to `ends`; several rows of `heights` are drawn behind one another, the first at the back."""
    frame = _Frame(x, y, _LEFT, _TOP, _WIDTH - _RIGHT, _HEIGHT - _BOTTOM)
    frame.draw_axes()
    left, right = frame.across(starts), frame.across(ends)
    for number, row in enumerate(heights):
        tops = frame.up(row)
        kind = f"bar s{number}" if number == len(heights) - 1 else f"bar behind s{number}"
        for one_left, one_right, top, height in zip(left, right, tops, row, strict=True):
            width = max(one_right - one_left - 1.5, 1)
            frame.parts.append(
                f'<rect class="{kind}" x="{one_left:.1f}" y="{top:.1f}" width="{width:.1f}" '
                f'height="{frame.bottom - top:.1f}"><title>{escape(y.text(height))}</title></rect>'
            )
    return frame.svg(title, _WIDTH, _HEIGHT)


def interval_chart(title: str, x: Axis, rows: Sequence[Row]) -> str:
    """A row for each label, with a dot and an interval for each series: for comparing figures with one another."""
    series = max((len(row.values) for row in rows), default=1)
    step = _ROW if len(rows) <= _MANY_ROWS else _NARROW_ROW
    if any(row.lows for row in rows):
        step += 7 * (series - 1)
    height = _TOP + step * len(rows)
    left = 14 + _LETTER * max((len(row.label) for row in rows), default=0)
    right = _WIDTH - (_VALUE_WIDTH if series == 1 else _RIGHT + 8)
    frame = _Frame(x, None, left, _TOP, right, height)
    frame.draw_axes()
    for number, row in enumerate(rows):
        middle = _TOP + step * (number + 0.5)
        frame.parts.append(_text("tick", left - 8, middle + 4, row.label, "end"))
        _draw_row(frame, row, middle)
        if series == 1:
            value = NONE if row.values[0] is None else x.text(row.values[0])
            frame.parts.append(_text("value", _WIDTH - 4, middle + 4, value, "end"))
    return frame.svg(title, _WIDTH, height + _BOTTOM)


def _draw_row(frame: _Frame, row: Row, middle: float) -> None:
    known = [value for value in row.values if value is not None]
    if len(known) > 1 and not row.lows:
        ends = frame.across([min(known), max(known)])
        frame.parts.append(_line("join", ends[0], middle, ends[1], middle))
    for place, value in enumerate(row.values):
        if value is None:
            continue
        y = middle + (8 * (place - (len(row.values) - 1) / 2) if row.lows else 0)
        if row.lows and row.lows[place] is not None and row.highs[place] is not None:
            ends = frame.across([row.lows[place], row.highs[place]])
            frame.parts.append(_line(f"whisker s{place}", ends[0], y, ends[1], y))
        frame.parts.append(_dots(place, frame.across([value]), np.array([y]), [frame.x.text(value)], 4))


def scatter_chart(title: str, points: np.ndarray, groups: Sequence[object], names: Sequence[str]) -> str:
    """Points without axes, coloured by group: only who lies near whom has a meaning.

    Args:
        points: (n, 2).
        groups: the group of each point; colours go round the circle in steps of the golden angle.
        names: what each point is.
    """
    side = _WIDTH
    low, high = points.min(axis=0), points.max(axis=0)
    placed = 12 + (points - low) / np.maximum(high - low, 1e-12) * (side - 24)
    hues = {group: round(number * 137.508) % 360 for number, group in enumerate(dict.fromkeys(groups))}
    parts = [
        f'<circle cx="{x:.1f}" cy="{side - y:.1f}" r="4.5" style="--hue:{hues[group]}">'
        f"<title>{escape(name)}</title></circle>"
        for (x, y), group, name in zip(placed, groups, names, strict=True)
    ]
    return (
        f'<svg class="map" viewBox="0 0 {side} {side}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )


def _thinned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if len(x) <= _MOST_POINTS:
        return x, y
    kept = np.unique(np.linspace(0, len(x) - 1, _MOST_POINTS).round().astype(int))
    return x[kept], y[kept]


def _path(number: int, x: np.ndarray, y: np.ndarray, floor: float | None) -> str:
    points = " ".join(f"{one_x:.1f},{one_y:.1f}" for one_x, one_y in zip(x, y, strict=True))
    if floor is None:
        return f'<polyline class="curve s{number}" points="{points}"/>'
    return (
        f'<polygon class="area s{number}" points="{x[0]:.1f},{floor:.1f} {points} {x[-1]:.1f},{floor:.1f}"/>'
        f'<polyline class="curve s{number}" points="{points}"/>'
    )


def _dots(number: int, x: np.ndarray, y: np.ndarray, names: Sequence[str], radius: float = 3.5) -> str:
    return "".join(
        f'<circle class="dot s{number}" cx="{one_x:.1f}" cy="{one_y:.1f}" r="{radius}">'
        f"<title>{escape(name)}</title></circle>"
        for one_x, one_y, name in zip(x, y, names, strict=True)
    )


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(kind: str, x: float, y: float, text: str, anchor: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
