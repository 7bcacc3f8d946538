"""Error rates by group in words, for page and card: counts, rate, interval, and what rests on too little."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from faceline.reporting.inputs import Inputs, Missing
from faceline.reporting.units import NONE, percent, times

TABLE = "recognition/groups.csv"
_NAMES = {"fmr": "false match rate", "fnmr": "false non-match rate"}


class _Figure(NamedTuple):
    """A row of the table; NaN where it says nothing."""

    attribute: str
    group: str
    measure: str
    value: float
    low: float
    high: float
    comparisons: int
    errors: int
    people: int
    reason: str | float

    @property
    def note(self) -> str:
        return self.reason if isinstance(self.reason, str) else ""


@dataclass(frozen=True)
class GroupLine:
    """One group.

    Attributes:
        name: `Male: yes`.
        people: query people in it.
        rates: for false matches and for false non-matches `errors of comparisons`, the rate, and its 95% interval.
        note: what of it rests on too little, or cannot be given, and why.
    """

    name: str
    people: str
    rates: tuple[tuple[str, str, str], ...]
    note: str


@dataclass(frozen=True)
class RatioLine:
    """The larger false match rate of an attribute's two groups over the smaller, its interval and a note."""

    name: str
    value: str
    interval: str
    note: str


@dataclass(frozen=True)
class Groups:
    """All groups, in the order of the table."""

    lines: tuple[GroupLine, ...]
    ratios: tuple[RatioLine, ...]

    @classmethod
    def of(cls, inputs: Inputs) -> Groups | Missing:
        """From the table of groups; no lines where it has no rows, which is where no attribute is known."""
        table = inputs.table(TABLE, *_Figure._fields)
        if isinstance(table, Missing):
            return cls((), ()) if table.empty else table
        by_group: dict[tuple[str, str], dict[str, _Figure]] = {}
        ratios = []
        for row in table[list(_Figure._fields)].itertuples(index=False, name=None):
            figure = _Figure(*row)
            if figure.measure in _NAMES:
                by_group.setdefault((figure.attribute, figure.group), {})[figure.measure] = figure
            elif figure.measure == "fmr_ratio":
                ratios.append(_ratio(figure))
        lines = (_line(f"{_plain(attribute)}: {group}", own) for (attribute, group), own in by_group.items())
        return cls(tuple(lines), tuple(ratios))


def _line(name: str, by_measure: Mapping[str, _Figure]) -> GroupLine:
    notes = [f"{_NAMES[measure]}: {figure.note}" for measure, figure in by_measure.items() if figure.note]
    return GroupLine(
        name=name,
        people=str(max(figure.people for figure in by_measure.values())),
        rates=tuple(_rate(by_measure.get(measure)) for measure in _NAMES),
        note="; ".join(notes),
    )


def _rate(figure: _Figure | None) -> tuple[str, str, str]:
    if figure is None:
        return "", NONE, ""
    ends = [percent(end) for end in (figure.low, figure.high) if not math.isnan(end)]
    value = NONE if math.isnan(figure.value) else percent(figure.value)
    return f"{figure.errors:,} of {figure.comparisons:,}", value, " to ".join(ends)


def _ratio(figure: _Figure) -> RatioLine:
    value = NONE if math.isnan(figure.value) else times(figure.value)
    interval = ""
    if not math.isnan(figure.high):
        interval = f"{times(figure.low)} to {times(figure.high)}"
    elif not math.isnan(figure.low):
        interval = f"at least {times(figure.low)}"
    return RatioLine(_plain(figure.attribute), value, interval, figure.note)


def _plain(attribute: str) -> str:
    return attribute.replace("_", " ")
