"""Detectors by name: each file in `faceline/detectors` holds one, as `DETECTOR`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faceline.detection.detections import Detector, DetectorSettings

DETECTORS = "faceline.detectors"


def detector_names() -> list[str]:
    """The detectors that `wild.detector` may name."""
    folder = Path(__file__).parents[1] / "detectors"
    return sorted(file.stem for file in folder.glob("*.py") if file.stem != "__init__")


def check_detector(name: str) -> str:
    """The name itself; ValueError where there is no such detector."""
    if name not in detector_names():
        raise ValueError(f"no such detector; there are {', '.join(detector_names())}")
    return name


def load_detector(name: str, settings: DetectorSettings) -> Detector:
    """A detector ready for use.

    Raises:
        InputError: its model file is missing or cannot be read.
    """
    return import_module(f"{DETECTORS}.{name}").DETECTOR(settings)
