"""Growth of stages: what is measured of a process, and what is fitted and drawn of that."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import growth_page
from benchmarks.growth import PEOPLE, PHOTOS, measured, parameters
from faceline.core.params import parse_group
from faceline.settings.schema import Params


def test_a_power_law_is_found_and_continued() -> None:
    sizes = (100, 400, 1600)
    seconds = [3 * (size / 100) ** 1.5 for size in sizes]
    assert growth_page.exponent(sizes, seconds) == pytest.approx(1.5)
    assert growth_page.extrapolated(sizes, seconds, 6400, 1.5) == pytest.approx(8 * seconds[-1])
    assert growth_page.exponent(sizes, [0.0, 0.1, 0.4]) is None
    assert growth_page.exponent((100, 200), [5.0, 9.0]) is None


def test_the_table_subtracts_the_start_and_names_what_is_extrapolated() -> None:
    def row(cpu: float, peak: float) -> dict[str, float]:
        return {"cpu_s": cpu, "start_s": 1.0, "wall_s": 9.0, "peak_mb": peak}

    sizes = {
        "1000": {"crop": row(11.0, 200), "scan": row(1.5, 90)},
        "4000": {"crop": row(41.0, 210), "scan": row(3.0, 90), "align": row(9.0, 500)},
    }
    head, _, crop, scan = growth_page.table(sizes, [360_000]).splitlines()
    assert "**extrapolated** to 360,000" in head
    assert crop == "| crop | 1.0 | 10.0 s, 200 MB | 40.0 s, 210 MB | 1.00 | 1.0 h |"
    assert scan == "| scan | 1.0 | 0.5 s, 90 MB | 2.0 s, 90 MB | too short to tell |  |"


def test_wall_time_and_memory_of_the_largest_size_scan_to_evaluation() -> None:
    rows = {
        name: {"cpu_s": 1.0, "start_s": 1.0, "wall_s": 60.0 * place, "peak_mb": 100.0 * place, "cores": 2}
        for place, name in enumerate(growth_page.FROM_SCAN_TO_EVALUATION, 1)
    }
    other = {"train_recognition": {"cpu_s": 1.0, "start_s": 1.0, "wall_s": 6e6, "peak_mb": 9e9, "cores": 2}}
    said = growth_page.scan_to_evaluation({"1000": {}, "4000": rows | other})
    assert "Of 4,000 photos on 2 cores" in said
    assert "28.0 minutes" in said
    assert "at most 0.7 GB" in said
    rows.pop("align")
    assert growth_page.scan_to_evaluation({"4000": rows}) == ""


def test_a_process_is_measured_and_its_failure_is_one(tmp_path: Path) -> None:
    """From a small process, as the benchmark is: a child's peak begins with that of the process that starts it."""
    work = "held = bytearray(150 * 2**20); sum(range(3_000_000))"
    code = f"""
import json, sys
from pathlib import Path
from benchmarks.growth import measured
print(json.dumps([measured([sys.executable, "-c", code], Path({str(tmp_path)!r})) for code in ("pass", {work!r})]))
"""
    small, large = json.loads(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)
    assert 140 < large["peak_mb"] - small["peak_mb"] < 200
    assert large["cpu_s"] > small["cpu_s"]
    with pytest.raises(subprocess.CalledProcessError):
        measured([sys.executable, "-c", "raise SystemExit(2)"], tmp_path)


def test_parameters_ask_for_as_many_photos_and_the_filter_for_no_more_than_are_drawn() -> None:
    for photos in (300, 1200):
        params = parse_group(Params, parameters(photos))
        drawn = {name: role.people for name, role in params.sample.roles}
        assert sum(drawn[role] * PHOTOS[role] for role in PEOPLE) == pytest.approx(photos, rel=0.1)
        assert all(role.people < drawn[name] for name, role in params.filter.roles)
