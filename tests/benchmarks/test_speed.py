"""The record of speed, and the page that is made of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import speed
from benchmarks.alternating import RECORD, alternate, record
from benchmarks.speed_figures import GROUPS
from faceline.core.errors import FacelineError, InputError

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_made_of_the_record() -> None:
    held, page = (json.loads((ROOT / speed.HELD).read_text()), (ROOT / speed.PAGE).read_text())
    assert speed.with_table(page, speed.table(held)) == page


def test_every_figure_recorded_has_one_row_and_a_command_that_is_there() -> None:
    keys = [figure.key for group in GROUPS for figure in group.figures]
    assert len(keys) == len(set(keys))
    assert set(json.loads((ROOT / speed.HELD).read_text())) <= set(keys)
    assert {f"{group.command.split()[0]}.py" for group in GROUPS} <= {
        file.name for file in (ROOT / "benchmarks").iterdir()
    }


def test_a_row_says_what_was_measured_where() -> None:
    facts = {"revision": "abc1234", "machine": "8 x Some CPU"}
    held = {
        "gallery_search": {"ratios": [1.0, 1.2, 1.1, 4.0, 1.15], "note": "all", "others": 0.02} | facts,
        "decode": {"ratios": [0.975], "others": 0.75} | facts,
    }
    rows = {line.split(" | ")[0]: line for line in speed.table(held).splitlines()}
    quiet = rows["| search among 100,000 people in memory"]
    assert "| 1.15 (1 to 4), 5 rounds; all | 1.2 at most | `gallery` | `abc1234`, 8 x Some CPU |" in quiet
    assert "| 0.975 |" in rows["| hourglass 2 x 64 with decoding"]
    assert rows["| hourglass 2 x 64 with decoding"].endswith("8 x Some CPU, beside work on 75% of them |")
    assert "not measured yet" in rows["| scikit-image, one face aligned"]


def test_sides_run_in_turns_and_the_first_round_does_not_count() -> None:
    order: list[str] = []
    ratios = alternate(lambda: order.append("ours"), lambda: order.append("theirs"), rounds=3)
    assert order == ["ours", "theirs"] * 4
    assert len(ratios) == 3


def test_only_what_a_benchmark_records_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RECORD, str(tmp_path / "record.json"))
    record({"a": [1, 2.00004]})
    record({"b": [3]}, {"b": "a note"})
    held = json.loads((tmp_path / "record.json").read_text())
    assert held == {"a": {"ratios": [1.0, 2.0]}, "b": {"ratios": [3.0], "note": "a note"}}
    monkeypatch.setattr(speed.subprocess, "run", _nothing)
    with pytest.raises(FacelineError, match=r"gallery: did not record gallery_search"):
        speed.run(next(group for group in GROUPS if group.name == "gallery"))


def _nothing(command: list[str], **options: object) -> subprocess.CompletedProcess:
    return subprocess.CompletedProcess(command, 0, "abc1234\n")


@pytest.mark.parametrize(("code", "least", "most"), [("time.sleep(0.5)", 1.9, 2.0), ("spin()", 1.45, 1.99)])
def test_own_work_is_not_that_of_others(
    monkeypatch: pytest.MonkeyPatch, code: str, least: float, most: float
) -> None:
    """Of a machine of four busy cores two may be used; half a second of own work takes from that."""
    monkeypatch.setattr(speed.psutil, "cpu_percent", lambda: 100.0)
    monkeypatch.setattr(speed.psutil, "cpu_count", lambda: 4)
    monkeypatch.setattr(speed, "usable_cores", lambda: 2)
    spin = "import time\ndef spin():\n    while time.process_time() < 0.5: pass\n"
    others = speed._run([sys.executable, "-c", spin + code], os.environ)
    assert least <= others <= most


def test_a_page_without_a_place_for_the_table() -> None:
    with pytest.raises(InputError, match=r"speed\.md"):
        speed.with_table("nothing", "table")
