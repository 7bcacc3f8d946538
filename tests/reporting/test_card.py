"""The model card says what the figures say."""

import re
from pathlib import Path

import pytest
from made_up_reports import DEV_THRESHOLD, TOO_FEW

from faceline.reporting.card import render_card
from faceline.reporting.inputs import Inputs


@pytest.fixture(scope="module")
def card(inputs: Inputs, params: dict[str, dict]) -> str:
    return render_card(inputs, params)


def rows(card: str) -> dict[str, list[str]]:
    tables = [line.strip("|").split("|") for line in card.splitlines() if line.startswith("|")]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in tables}


def test_figures_with_intervals_and_reasons(card: str) -> None:
    table = rows(card)
    assert table["ID rate at 1% false positives"] == ["87.1%", "82.0% to 91.3%"]
    assert table["ID rate at 0.1% false positives"] == [f"— ({TOO_FEW})", ""]
    assert table["right person first among those enrolled (closed set)"] == ["93.5%", "90.1% to 96.3%"]
    assert table["query"][:2] == ["40", "302"]


def test_threshold_with_the_rate_it_was_set_at(card: str) -> None:
    assert f"**{DEV_THRESHOLD:.4f}**, set on the dev people at a false match rate of 1%" in card


def test_groups_with_what_was_counted_and_what_rests_on_too_little(card: str) -> None:
    table = rows(card)
    fmr, fnmr = ["41 of 3,120", "1.3%", "0.92% to 1.8%"], ["409 of 3,120", "13.1%", "9.2% to 18.4%"]
    assert table["Male: yes"] == ["18", *fmr, *fnmr, ""]
    none = table["Eyeglasses: yes"]
    assert none[:4] == ["18", "0 of 3,120", "0.0%", "0.0% to 1.2%"]
    assert none[-1].startswith(f"false match rate: {TOO_FEW}")
    assert table["Male"] == ["1.82×", "0.91× to 3.64×", ""]
    assert table["Eyeglasses"] == ["—", "at least 0.35×", f"yes: {TOO_FEW}"]


def test_every_heading_has_something_under_it(card: str) -> None:
    bodies = re.split(r"^#+ .*$", card, flags=re.MULTILINE)[1:]
    assert len(bodies) == 7
    assert all(len(body.strip()) > 60 for body in bodies)
    assert "\n\n\n" not in card
    assert card.endswith("\n")


def test_tables_have_as_many_cells_as_their_heads(card: str) -> None:
    for block in re.findall(r"(?:^\|.*\n)+", card, flags=re.MULTILINE):
        assert len({line.count("|") for line in block.splitlines()}) == 1, block


def test_without_the_table_of_rates_the_threshold_is_said_to_be_missing(
    folders: tuple[Path, Path], params: dict[str, dict], tmp_path: Path
) -> None:
    card = render_card(Inputs.read(folders[0], tmp_path / "nothing"), params)
    assert "No threshold: reports/recognition/rates.csv" in card
