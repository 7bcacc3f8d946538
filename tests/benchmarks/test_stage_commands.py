"""Stages as dvc.yaml has them, run elsewhere."""

from pathlib import Path

import pytest

from benchmarks.stage_commands import read_stage, read_stages
from benchmarks.stage_profile import import_times
from faceline.core.errors import InputError

PARAMS = {
    "data": dict.fromkeys(("identity", "attributes", "boxes", "landmarks", "images"), "given/file"),
    "filter": {"excluded": "none"},
    "landmarks": {"annotations": "given/rows.csv", "images": "given/photos.zip"},
}


def test_what_a_stage_makes_goes_elsewhere_and_what_it_reads_does_not() -> None:
    command = read_stage("crop", PARAMS).diverted(Path("/away"))
    given = ["-m", "stages.crop", "--images", "given/file", "--selected", "data/selected.csv"]
    assert command[1:] == [*given, "--out", "/away/data/crops", "--metrics", "/away/metrics/crop.json"]
    headline = read_stage("headline", PARAMS)  # reads a folder of metrics and writes into it
    assert headline.diverted(Path("/away"))[3:] == ["--metrics", "metrics", "--out", "/away/metrics/headline.json"]


def test_every_stage_is_found_and_names_its_module() -> None:
    stages = read_stages(PARAMS)
    assert stages["embed@wild"].module == "stages.embed"
    assert {stage.module.removeprefix("stages.") for stage in stages.values()} == {
        file.stem for file in Path("stages").glob("[!_]*.py")
    }
    with pytest.raises(InputError, match="there are check_params, sample"):
        read_stage("crops", PARAMS)


def test_what_a_stage_reads_has_been_made_by_those_before_it() -> None:
    """Benchmarks run stages in this order; `dvc repro` finds its own."""
    made: set[str] = set()
    every = {out for stage in read_stages(PARAMS).values() for out in stage.outs}
    for name, stage in read_stages(PARAMS).items():
        assert set(stage.command) & every <= made | stage.outs, name
        made |= stage.outs


def test_imports_are_counted_by_package() -> None:
    times = import_times("numpy")
    assert times.pop("all") > 0
    assert max(times, key=times.get) == "numpy"  # what Python itself needs is far less
