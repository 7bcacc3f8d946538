"""Detectors by name: each file in `faceline/detectors` holds one, as `DETECTOR`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faceline.detection.detections import Detector, DetectorSettings


def detector_names() -> list[str]:
    """The detectors that `wild.detector` may name."""
    return sorted(file.stem for file in (Path(__file__).parents[1] / "detectors").glob("[!_]*.py"))


def check_detector(name: str) -> str:
    """The name itself; ValueError where there is no such detector."""
    if name not in detector_names():
        raise ValueError(f"no such detector; there are {', '.join(detector_names())}")
    return name


def load_detector(name: str, settings: DetectorSettings) -> Detector:
    """A detector ready for use; InputError where its model file is missing or cannot be read."""
    return import_module(f"faceline.detectors.{name}").DETECTOR(settings)
