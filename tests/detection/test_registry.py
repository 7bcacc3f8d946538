"""A detector is a file in a folder: nothing else knows the names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

import faceline.detectors
from faceline.core.errors import InputError
from faceline.detection import registry
from faceline.detection.detections import DetectorSettings
from faceline.detection.params import DetectionParams
from faceline.detection.registry import check_detector, detector_names, load_detector
from faceline.field.cache import CACHE_VARIABLE
from faceline.wild.params import WildParams

CHOSEN = {"detector_model": "none", "min_face_px": 30, "max_photo_px": 640, "min_score": 0.7}
OWN = """
import numpy as np

from faceline.detection.detections import Detections, Detector


class Whole(Detector):
    name = "whole"
    default_min_score = 0.5

    def detect(self, images):
        boxes = [np.array([[0.0, 0, *image.shape[1::-1]]]) for image in images]
        return [Detections(box, np.ones(1), np.zeros((1, 5, 2))) for box in boxes]


DETECTOR = Whole
"""


def test_the_names_are_those_of_the_folders_files() -> None:
    folder = Path(faceline.detectors.__file__).parent
    assert detector_names() == sorted(path.stem for path in folder.iterdir() if path.suffix == ".py")[1:]
    assert {"mtcnn", "yunet"} <= set(detector_names())


@pytest.mark.parametrize("name", detector_names())
def test_every_file_holds_a_detector_of_its_own_name(name: str) -> None:
    module = registry.import_module(f"faceline.detectors.{name}")
    assert module.DETECTOR.name == name


def test_a_new_file_is_all_that_a_new_detector_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package looks for its modules in another folder as well, as if the file lay in its own."""
    folder = tmp_path / "detectors"
    folder.mkdir()
    (folder / "whole.py").write_text(OWN)
    monkeypatch.setattr(registry, "__file__", str(tmp_path / "detection" / "registry.py"))
    monkeypatch.setattr(faceline.detectors, "__path__", [str(folder)])
    assert detector_names() == ["whole"]
    params = DetectionParams(detector="whole", **CHOSEN)
    detector = load_detector(params.detector, params.settings("cpu"))
    (found,) = detector.find([np.zeros((50, 70, 3), np.uint8)])
    assert found.boxes.tolist() == [[0, 0, 70, 50]]
    with pytest.raises(ValidationError, match="there are whole"):
        DetectionParams(detector="mtcnn", **CHOSEN)


def test_settings_are_those_of_the_parameters() -> None:
    params = DetectionParams(detector="mtcnn", **CHOSEN, min_iou=0.3)  # min_iou belongs to the rest of the group
    assert params.settings("cuda") == DetectorSettings("none", 30, 640, 0.7, "cuda")
    with pytest.raises(ValidationError, match="unknown"):
        WildParams(detector="mtcnn", **CHOSEN, min_iou=0.3, unknown=1)


def test_other_names_are_refused() -> None:
    with pytest.raises(ValueError, match=r"no such detector; there are .*mtcnn"):
        check_detector("magic")


def test_a_detector_without_its_model_file_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    with pytest.raises(InputError, match="faceline fetch yunet"):
        load_detector("yunet", DetectorSettings())
