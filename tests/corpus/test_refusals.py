"""Full disks and closed pipes: one line, exit code 1, nothing half-written. `make faults` has more of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.refusals import attempt, closed_pipe, fault, full_disk, full_output, prepare, works

WORKS = {work.name: work for work in works()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("prepared")
    prepare(place)
    return place


@pytest.mark.parametrize("name", WORKS)
def test_it_works_where_nothing_is_refused(name: str, folder: Path, tmp_path: Path) -> None:
    code, text, left = attempt(WORKS[name], folder, tmp_path, lambda: None)
    assert (code, "Traceback" in text) == (0, False), text
    assert left


@pytest.mark.parametrize("most", [100, 4096])
@pytest.mark.parametrize("name", WORKS)
def test_a_full_disk(name: str, most: int, folder: Path, tmp_path: Path) -> None:
    code, text, left = attempt(WORKS[name], folder, tmp_path, full_disk(most))
    if code == 0:  # all of its files are smaller
        assert max(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file()) <= most
        return
    assert fault(code, text, left) == ""


@pytest.mark.parametrize("refuse", [full_output, closed_pipe])
@pytest.mark.parametrize("name", [name for name, work in WORKS.items() if work.prints])
def test_an_output_that_takes_nothing(name: str, refuse: object, folder: Path, tmp_path: Path) -> None:
    code, text, _ = attempt(WORKS[name], folder, tmp_path, refuse)
    assert fault(code, text, []) == ""
