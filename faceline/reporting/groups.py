"""Error rates by group in words, for page and card: counts, rate, interval, and what rests on too little."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from faceline.reporting.inputs import Inputs, Missing
from faceline.reporting.units import NONE, percent, times

TABLE = "recognition/groups.csv"
_NAMES = {"fmr": "false match rate", "fnmr": "false non-match rate"}
_COLUMNS = ("attribute", "group", "measure", "value", "low", "high", "comparisons", "errors", "people", "reason")


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
        table = inputs.table(TABLE, *_COLUMNS)
        if isinstance(table, Missing):
            return cls((), ()) if table.empty else table
        groups = table[table.measure.isin(_NAMES)].groupby(["attribute", "group"], sort=False)
        ratios = table[table.measure == "fmr_ratio"]
        return cls(
            tuple(_line(f"{_plain(attribute)}: {group}", rows) for (attribute, group), rows in groups),
            tuple(_ratio(row) for row in ratios.itertuples()),
        )


def _line(name: str, rows: pd.DataFrame) -> GroupLine:
    by_measure = {row.measure: row for row in rows.itertuples()}
    notes = [f"{_NAMES[measure]}: {row.reason}" for measure, row in by_measure.items() if row.reason == row.reason]
    return GroupLine(
        name=name,
        people=str(rows.people.max()),
        rates=tuple(_rate(by_measure.get(measure)) for measure in _NAMES),
        note="; ".join(notes),
    )


def _rate(row: tuple | None) -> tuple[str, str, str]:
    if row is None:
        return "", NONE, ""
    ends = [percent(end) for end in (row.low, row.high) if end == end]
    value = NONE if row.value != row.value else percent(row.value)
    return f"{row.errors:,} of {row.comparisons:,}", value, " to ".join(ends)


def _ratio(row: tuple) -> RatioLine:
    value = NONE if row.value != row.value else times(row.value)
    if row.high == row.high:
        interval = f"{times(row.low)} to {times(row.high)}"
    else:
        interval = f"at least {times(row.low)}" if row.low == row.low else ""
    return RatioLine(_plain(row.attribute), value, interval, "" if row.reason != row.reason else row.reason)


def _plain(attribute: str) -> str:
    return attribute.replace("_", " ")
