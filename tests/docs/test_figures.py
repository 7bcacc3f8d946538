"""Figures of README and of the sample's page against the records that they name."""

import json
import re
from itertools import chain

import pytest
from documents import README, ROOT, links_of, name, tables

from graph import STAGES

SAMPLE = ROOT / "docs/results/sample.md"
RECORDS = [out for stage in STAGES.values() for out in stage["outs"]]
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


def code_of(cell):
    return re.findall(r"`([^`]+)`", cell)


def figures(cell):
    """Numbers as they are written, those in code left out: 0.868 (0.791 to 0.928) has three."""
    return NUMBER.findall(re.sub(r"`[^`]*`", "", cell))


def agrees(shown, value):
    """Whether a figure is a value rounded to the digits that are shown."""
    digits = len(shown.partition(".")[2])
    return abs(float(shown.replace(",", "")) - value) <= 0.5 * 10**-digits + 1e-9


def record_of(header):
    """The file of metrics that a table's head names, or an empty string."""
    return next((word.split("/")[-1] for word in code_of(header) if word.endswith(".json")), "")


def keyed_cells(page):
    """(keys, record, cell) of every cell in a row that begins with metric keys, in a column of a named record."""
    for header, *rows in tables(page):
        for row in rows:
            keys = code_of(row[0])
            for head, cell in list(zip(header, row, strict=True))[1:]:
                record = record_of(head) or record_of(header[0])
                if keys and record:
                    yield keys, record, cell


def wrong(where, keys, record, cell):
    """What is wrong with a cell: figures are the keys' values in turn, or one key's value, low and high."""
    path = ROOT / "metrics" / record
    assert f"metrics/{record}" in RECORDS, f"{where}: no stage writes metrics/{record}"
    if not cell or not path.exists():  # some are kept by DVC and not by git
        return []
    known = json.loads(path.read_text())
    shown = figures(cell)
    wanted = keys if len(shown) <= len(keys) else [keys[0], f"{keys[0]}_low", f"{keys[0]}_high"]
    absent = [key for key in wanted if key not in known]
    if absent:
        return [f"{where}: metrics/{record} has no {absent[0]}"]
    values = [known[key] for key in wanted]
    if cell == "-":
        return [] if values == [None] else [f"{where}: shows -, metrics/{record} has {values}"]
    if len(shown) == len(values) and all(v is not None and agrees(s, v) for s, v in zip(shown, values, strict=True)):
        return []
    return [f"{where}: shows {cell}, metrics/{record} has {dict(zip(wanted, values, strict=True))}"]


def results_table():
    """(name of the run, linked page, key, record, cell) of every cell of README's table of results."""
    header, *rows = next(table for table in tables(README) if table[0][0] == "run")
    for row in rows:
        page = ROOT / next(link for link in links_of(row[0]) if link.startswith("docs/results/"))
        for head, cell in zip(header, row, strict=True):
            if record_of(head) and cell:
                yield row[0].split(",")[0], page, code_of(head)[0], record_of(head), cell


def test_the_samples_row_in_readme_is_what_the_committed_metrics_say():
    cells = [cell for cell in results_table() if cell[1] == SAMPLE]
    assert len(cells) == 4
    told = [wrong(f"README.md, row {run}, {key}", [key], record, cell) for run, _, key, record, cell in cells]
    assert not any(told), "\n".join(chain(*told))


def test_the_samples_page_is_what_the_committed_metrics_say():
    cells = list(keyed_cells(SAMPLE))
    assert len(cells) > 30
    told = [wrong(f"{name(SAMPLE)}, row {keys[0]}", keys, record, cell) for keys, record, cell in cells]
    assert not any(told), "\n".join(chain(*told))


def test_other_rows_in_readme_say_what_their_pages_say():
    """In the page's row of that key, where it has one; anywhere on the page otherwise."""
    others = [cell for cell in results_table() if cell[1] != SAMPLE]
    assert others
    problems = []
    for run, page, key, record, cell in others:
        rows = [there for keys, of, there in keyed_cells(page) if keys[0] == key and of == record]
        known = figures(rows[0] if rows else page.read_text())
        values = [float(figure.replace(",", "")) for figure in known]
        if not all(any(agrees(shown, value) for value in values) for shown in figures(cell)):
            problems.append(f"README.md, row {run}, {key}: shows {cell}, {name(page)} has {rows or 'no such figure'}")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(
    ("shown", "value", "same"), [("0.868", 0.8675, True), ("0.868", 0.867, False), ("1,680", 1680, True)]
)
def test_figures_agree_to_the_digits_shown(shown, value, same):
    assert agrees(shown, value) is same


def test_a_wrong_figure_is_told_with_row_figure_and_record():
    known = json.loads((ROOT / "metrics/wild.json").read_text())
    message = wrong("page, row `auc`", ["auc"], "wild.json", f"{known['auc'] + 0.01:.3f}")
    assert len(message) == 1
    assert re.search(rf"page, row `auc`: shows 0\.\d+, metrics/wild\.json has .*{known['auc']}", message[0])
