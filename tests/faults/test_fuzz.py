"""A few random files for every reader; `make faults` has a hundred thousand."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from faults import fuzz as fuzzing
from faults.edits import edit_bytes, edit_tree, edit_words
from faults.fuzz import READERS, cases_of, fuzz, limited

CASES = 12


@pytest.mark.parametrize("name", READERS)
def test_random_files_are_read_or_refused(name: str, tmp_path: Path) -> None:
    tally = fuzz(name, CASES, tmp_path)
    assert tally.faults == []
    assert tally.cases == tally.read + tally.refused > 0


@pytest.mark.parametrize(
    ("end", "told"), [(lambda: {}["key"], "KeyError: 'key'"), (lambda: os._exit(3), "ended with 3")]
)
def test_another_exception_is_a_fault_and_a_crash_too(
    end: Callable[[], object], told: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reader = READERS["pairs"]
    sound = reader.kind.write(tmp_path).read_bytes()
    kind = replace(reader.kind, read=lambda path: path.read_bytes() == sound or end())
    monkeypatch.setitem(fuzzing.READERS, "pairs", replace(reader, kind=kind))
    tally = limited("pairs", 3)
    assert tally.faulty
    assert told in tally.faults[0]


def test_edits_change_what_they_say() -> None:
    assert edit_bytes(b"abcdef", [(1, 0, b"XY"), (4, 0, b"")]) == b""
    assert edit_bytes(b"abcdef", [(0, 0, b"XY")]) == b"XYcdef"
    assert edit_words(b"a.jpg 1 2", [(0, 0, "nan")]) == b"nan 1 2"
    assert edit_tree({"a": [1, 2]}, [(1, 0, None)]) in ({}, {"a": [2]}, {"a": [1]})
    assert json.dumps(edit_tree([1], [(0, 0, "x")])) == '["x"]'
    value = [0]
    assert edit_tree({"a": 1}, [(0, 0, value), (0, 65535, value)]) in ({"a": [[0]]}, {"a": [0]})
    assert value == [0]


def test_a_hundred_thousand_cases_are_shared_out() -> None:
    assert sum(cases_of(name, 100_000) for name in READERS) == pytest.approx(100_000, rel=0.01)
