"""The page on reliability and README's table against the record that `make faults` wrote."""

import json
import re

import pytest
from documents import README, ROOT, tables
from faults.record import PAGE, page, stages, summary

from graph import GRAPH

KNOWN = json.loads((ROOT / "docs/results/reliability.json").read_text())


def test_the_page_is_made_of_the_record():
    assert PAGE.read_text() == page(KNOWN)


def test_readme_shows_the_records_figures():
    header, *rows = next(table for table in tables(README) if table[0][1:] == ["tried", "as it must be"])
    assert len(header) == 3
    figures = [f"{value:,}" for value in summary(KNOWN).values()]
    shown = [cell for row in rows for cell in row[1:]]
    assert shown == figures


def test_headlines_are_the_sums_of_the_parts():
    """Counted in the page's own tables, whose rows a person can add up."""
    told = {table[0][0]: table[1:] for table in tables(PAGE)}

    def sums(table, *columns):
        return [sum(int(row[column].replace(",", "")) for row in told[table]) for column in columns]

    figures = summary(KNOWN)
    assert sums("reader", 1) == [figures["fuzz_cases"]]
    assert sums("stage", 1, 2) == [figures["kills"], figures["kills_survived"]]
    assert sums("what is refused", 1, 2) == [figures["refusals_tried"], figures["refusals_answered"]]


@pytest.mark.parametrize("script", GRAPH["stages"])
def test_every_stage_was_killed(script):
    kills = stages(KNOWN)[script]
    assert kills["kills"] >= (10 if re.match("train_", script) else 3)


def test_as_much_was_tried_as_the_page_is_for():
    figures = summary(KNOWN)
    assert figures["files_tried"] >= 400
    assert figures["fuzz_cases"] >= 100_000
    assert figures["kills"] >= 100
