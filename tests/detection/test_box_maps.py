"""The box map on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from faceline.core.errors import InputError
from faceline.detection.box_maps import read_box_map, write_box_map
from faceline.geometry.boxes import BoxMap


def test_a_map_comes_back_with_the_detector_it_was_measured_for(tmp_path: Path) -> None:
    measured = BoxMap(1.19, 1.385, 0.01, -0.02)
    write_box_map(tmp_path / "models/box_map.json", "yunet", measured)
    assert read_box_map(tmp_path / "models/box_map.json") == ("yunet", measured)
    values = json.loads((tmp_path / "models/box_map.json").read_text())
    assert values == {
        "detector": "yunet",
        "width_factor": 1.19,
        "height_factor": 1.385,
        "shift_x": 0.01,
        "shift_y": -0.02,
    }


@pytest.mark.parametrize(
    "text", [None, "not json", "[1]", "{}", '{"detector": "mtcnn", "width": 3}', '{"width_factor": 1}']
)
def test_what_is_no_box_map_is_refused(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "box_map.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match="detect_landmarks"):
        read_box_map(path)
