"""Cells that a spreadsheet would run as a formula become text; numbers stay numbers."""

from __future__ import annotations

import pandas as pd
import pytest

from faceline.spreadsheets.cells import cell_text, safe_cell
from faceline.spreadsheets.tables import safe_table


@pytest.mark.parametrize(
    "text", ["=1+1", '=HYPERLINK("x")', "+1 or so", "-cmd", "@SUM(A1)", "\tx", "\rx", "-", "\t1"]
)
def test_what_would_be_run_gets_an_apostrophe_and_loses_it_again(text: str) -> None:
    assert safe_cell(text) == "'" + text
    assert cell_text(safe_cell(text)) == text


@pytest.mark.parametrize("value", ["Ada", "", "O'Neill", "'quoted'", "a=b", "-0.25", "+1e-3", "-7", -0.25, -7, None])
def test_other_text_and_numbers_stay(value: object) -> None:
    assert safe_cell(value) == value
    if isinstance(value, str):
        assert cell_text(value) == value


def test_of_a_table_only_text_is_changed() -> None:
    table = pd.DataFrame({"name": ["=1", "Ada"], "score": [-0.5, 1.0], "Male": pd.array([1, None], "Int8")})
    assert safe_table(table).to_csv(index=False) == "name,score,Male\n'=1,-0.5,1\nAda,1.0,\n"
    assert table["name"][0] == "=1"
