"""What every detector gives, and what all of them share: photo sizes, thresholds, and a convention of boxes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from faceline.boxes.boxes import BoxMap, box_around
from faceline.core.errors import InputError
from faceline.core.files import read_json, write_json


@dataclass(frozen=True)
class Detections:
    """The faces of one photo, best score first.

    Attributes:
        boxes: (n, 4) x, y, width, height in photo px.
        scores: (n,) 0..1.
        points: (n, 5, 2) landmarks in photo px (pixel centres at integers); NaN where the detector gives none.
    """

    boxes: np.ndarray
    scores: np.ndarray
    points: np.ndarray

    @classmethod
    def none(cls) -> Detections:
        return cls(np.zeros((0, 4)), np.zeros(0), np.zeros((0, 5, 2)))

    def select(self, chosen: np.ndarray) -> Detections:
        """Some of the faces, by mask or positions."""
        return Detections(self.boxes[chosen], self.scores[chosen], self.points[chosen])


@dataclass(frozen=True)
class DetectorSettings:
    """What a user may choose for any detector.

    Attributes:
        model: the detector's model file, or `none` where it brings its own.
        min_face_px: smallest face looked for, photo px.
        max_photo_px: a photo with a longer side is brought down to it for detection.
        min_score: detections below are dropped; None for the detector's own value.
        device: torch's name of the device, for detectors that run on torch.
    """

    model: str = "none"
    min_face_px: float = 40.0
    max_photo_px: int = 1024
    min_score: float | None = None
    device: str = "cpu"


class FaceFinder(ABC):
    """Gives the faces of photos: a detector, or boxes that are known already.

    Attributes:
        name: what it is called in parameters and messages.
        box_map: brings its boxes to CelebA's convention, as measured on faces with annotated boxes; None before that.
    """

    name: str
    box_map: BoxMap | None = None

    @abstractmethod
    def find(self, images: Sequence[np.ndarray], names: Sequence[str] = ()) -> list[Detections]:
        """The faces of RGB uint8 photos of any size, in photo px, best score first.

        Args:
            names: the photos' names, by which known boxes are looked up; a detector needs none.
        """

    def celeba_boxes(self, found: Detections) -> np.ndarray:
        """(n, 4) boxes in CelebA's convention, in which the landmark net was trained.

        Through the measured map; without one, where CelebA's box would lie round the points found.
        """
        return box_around(found.points) if self.box_map is None else self.box_map.apply(found.boxes)


class Detector(FaceFinder):
    """Finds faces in the pixels.

    A subclass is all that others know of its module. It is made from settings, and finds the faces of images that are
    small enough already.

    Attributes:
        name: as `wild.detector` names it.
        default_min_score: the score below which its detections are mostly wrong.
    """

    default_min_score: float

    def __init__(self, settings: DetectorSettings) -> None:
        self.settings = settings
        self.min_score = self.default_min_score if settings.min_score is None else settings.min_score

    @abstractmethod
    def detect(self, images: Sequence[np.ndarray]) -> list[Detections]:
        """The faces of RGB uint8 images, in their own px, in any order and of any score."""

    def find(self, images: Sequence[np.ndarray], names: Sequence[str] = ()) -> list[Detections]:
        reduced = [_reduce(image, self.settings.max_photo_px) for image in images]
        found = self.detect([image for image, _ in reduced])
        return [self._in_photo(faces, scale) for faces, (_, scale) in zip(found, reduced, strict=True)]

    def _in_photo(self, found: Detections, scale: np.ndarray) -> Detections:
        """In photo px, best first, without those that are too small or too doubtful."""
        found = found.select(np.argsort(-found.scores, kind="stable"))
        boxes, points = found.boxes * np.tile(scale, 2), (found.points + 0.5) * scale - 0.5
        kept = (boxes[:, 2:].min(axis=1) >= self.smallest_box_px) & (found.scores >= self.min_score)
        return Detections(boxes, found.scores, points).select(kept)

    @property
    def smallest_box_px(self) -> float:
        """Smaller boxes are dropped; 0 for a detector that looks for nothing smaller anyway."""
        return self.settings.min_face_px


def _reduce(image: np.ndarray, max_px: int) -> tuple[np.ndarray, np.ndarray]:
    """The image with its longer side at most `max_px`, and (2,) factors back to its own px."""
    height, width = image.shape[:2]
    if max(height, width) <= max_px:
        return image, np.ones(2)
    scale = max_px / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.array([width, height]) / size


def write_box_map(path: Path, detector: str, box_map: BoxMap) -> None:
    """Writes the measured map of a detector's boxes to annotated ones, with the detector's name."""
    write_json(path, {"detector": detector, **asdict(box_map)})


def read_box_map(path: Path) -> tuple[str, BoxMap]:
    """The detector's name and its map; InputError where there is no such file, or no box map in it."""
    values = read_json(path, _HINT)
    try:
        found = _Measured.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise InputError(f"{path}: not a box map ({key}: {first['msg'][:200]}); {_HINT}") from None
    return found.detector, BoxMap(**found.model_dump(exclude={"detector"}))


class _Measured(BaseModel):
    """A box map on disk: factors of sizes, shifts in sizes."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    detector: str
    width_factor: Annotated[float, Field(gt=0, le=100)]
    height_factor: Annotated[float, Field(gt=0, le=100)]
    shift_x: Annotated[float, Field(ge=-100, le=100)]
    shift_y: Annotated[float, Field(ge=-100, le=100)]


_HINT = "`dvc repro detect_landmarks` writes it"
