"""What is shown: a chart together with the table it was drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

_MOST_ROWS = 500


@dataclass(frozen=True)
class Exhibit:
    """A chart and what stands behind it.

    Attributes:
        svg: the chart.
        legend: names of its series, in the order of the style sheet's colours.
        columns, rows: the table behind it, as text.
        source: the file the table is in, relative to the project.
        left_out: rows that the table on the page leaves out.
    """

    svg: str
    legend: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    source: str
    left_out: int = 0

    @classmethod
    def of(cls, svg: str, legend: Sequence[str], table: pd.DataFrame, source: str, most: int = _MOST_ROWS) -> Exhibit:
        """With the first `most` rows of `table` as text."""
        columns = tuple(map(str, table.columns))
        first = table.head(most).itertuples(index=False, name=None)
        rows = tuple(tuple(_cell(value) for value in row) for row in first)
        return cls(svg, tuple(legend), columns, rows, source, max(0, len(table) - most))


def _cell(value: object) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
