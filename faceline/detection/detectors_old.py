"""Detectors behind one call: photos in, a list of detections for each out."""

from __future__ import annotations

import csv
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from faceline.core.errors import InputError
from faceline.core.columns import BOX_COLUMNS
from faceline.geometry.boxes import BoxMap, box_around
from faceline.detectors.mtcnn import Detections, MtcnnNets, find_faces
from faceline.pipeline.photo_files import Photo

log = logging.getLogger(__name__)

DETECTORS = ("mtcnn", "yunet", "boxes")


class Detector(Protocol):
    """Finds faces.

    Attributes:
        convention: what its boxes enclose: `mtcnn`, `yunet`, or `celeba`.
    """

    convention: str

    def find(self, photos: Sequence[Photo]) -> list[Detections]:
        """The faces of each readable photo, in photo px, best score first."""
        ...


@dataclass(frozen=True)
class MtcnnDetector:
    """MTCNN on batches of photos of any sizes.

    Attributes:
        min_face_px: smallest face looked for, photo px.
        max_photo_px: a photo with a longer side is brought down to it for detection.
        min_score: detections below are dropped.
    """

    nets: MtcnnNets
    min_face_px: float = 40.0
    max_photo_px: int = 1024
    min_score: float = 0.9
    convention: str = "mtcnn"

    def find(self, photos: Sequence[Photo]) -> list[Detections]:
        reduced = [_reduce(photo.image, self.max_photo_px) for photo in photos]
        found = find_faces([image for image, _ in reduced], self.nets, self.min_face_px)
        return [
            _keep(_enlarge(detections, scale), self.min_score)
            for detections, (_, scale) in zip(found, reduced, strict=True)
        ]


class YunetDetector:
    """OpenCV's YuNet (Wu et al., Machine Intelligence Research 2023) with the user's ONNX file of it."""

    convention = "yunet"

    def __init__(self, model: Path, max_photo_px: int = 1024, min_score: float = 0.8, min_face_px: float = 0) -> None:
        """Loads the model.

        Raises:
            InputError: the file is missing, or OpenCV cannot read it as YuNet.
        """
        if not model.is_file():
            raise InputError(f"{model}: no such file; --yunet names YuNet's ONNX file, from OpenCV's model zoo")
        try:
            self._net = cv2.FaceDetectorYN.create(str(model), "", (320, 320), min_score)
        except cv2.error as error:
            raise InputError(f"{model}: OpenCV cannot read it as YuNet ({error.err})") from None
        self._max_photo_px = max_photo_px
        self._min_face_px = min_face_px

    def find(self, photos: Sequence[Photo]) -> list[Detections]:
        return [self._one(photo.image) for photo in photos]

    def _one(self, image: np.ndarray) -> Detections:
        image, scale = _reduce(image, self._max_photo_px)
        self._net.setInputSize((image.shape[1], image.shape[0]))
        _, rows = self._net.detect(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        if rows is None:
            return Detections.none()
        rows = rows[np.argsort(-rows[:, 14], kind="stable")].astype(np.float64)
        # it lists the subject's right eye first, which is the left one from the viewer's side
        points = rows[:, 4:14].reshape(-1, 5, 2)
        found = _enlarge(Detections(rows[:, :4], rows[:, 14], points), scale)
        large = found.boxes[:, 2:].min(axis=1, initial=np.inf) >= self._min_face_px
        return Detections(found.boxes[large], found.scores[large], found.points[large])


@dataclass(frozen=True)
class BoxesDetector:
    """Boxes that somebody else found, looked up by the photo's path as given, or else by its file name."""

    boxes: Mapping[str, np.ndarray]
    convention: str = "celeba"

    def find(self, photos: Sequence[Photo]) -> list[Detections]:
        return [self._one(photo.name) for photo in photos]

    def _one(self, name: str) -> Detections:
        boxes = self.boxes.get(name, self.boxes.get(Path(name).name))
        if boxes is None:
            return Detections.none()
        return Detections(boxes, np.ones(len(boxes)), np.full((len(boxes), 5, 2), np.nan))


def read_boxes(path: Path) -> BoxesDetector:
    """Boxes from a file: what `faceline detect` printed, a .csv with a header, or CelebA's `list_bbox` text.

    A .csv has the columns image (or image_id), x, y (or x_1, y_1), width, height: CelebA's convention, photo px.

    Raises:
        InputError: missing, or a row that is no box.
    """
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); --boxes names a .json, .csv or CelebA list") from None
    if text.lstrip().startswith(("{", "[")):
        return _boxes_from_json(path, text)
    lines = text.splitlines()
    if lines and lines[0].strip().isdigit():  # CelebA's count line
        lines = [",".join(line.split()) for line in lines[1:]]
    boxes: dict[str, list] = {}
    empty = []
    for number, row in enumerate(csv.DictReader(lines), start=2):
        row = {str(key).strip(): value for key, value in row.items()}
        name = row.get("image") or row.get("image_id")
        values = [row.get(f"{column}_1", row.get(column)) for column in BOX_COLUMNS]
        try:
            box = [float(value) for value in values]
        except (TypeError, ValueError):
            box = []
        if not name or len(box) != 4 or not np.isfinite(box).all():
            raise InputError(f"{path}, row {number}: expected columns image, x, y, width, height")
        if min(box[2:]) <= 0:
            empty.append(number)  # CelebA's own list has such rows: the photo has no box
            continue
        boxes.setdefault(name, []).append(box)
    if empty:
        log.warning("%s: %d rows hold an empty box and are left out, the first is row %d", path, len(empty), empty[0])
    if not boxes:
        raise InputError(f"{path}: no boxes in it; expected columns image, x, y, width, height")
    return BoxesDetector({name: np.array(rows, float) for name, rows in boxes.items()})


def _boxes_from_json(path: Path, text: str) -> BoxesDetector:
    conventions, boxes = set(), {}
    try:
        for photo in json.loads(text)["photos"]:
            faces = photo.get("faces", [])
            conventions |= {face["box_convention"] for face in faces}
            sides = [[float(face["box"][column]) for column in BOX_COLUMNS] for face in faces]
            boxes[photo["photo"]] = np.array(sides, float).reshape(-1, 4)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not what `faceline detect` prints ({error!r})") from None
    if len(conventions) > 1 or not conventions <= {"mtcnn", "celeba"}:
        raise InputError(f"{path}: boxes are {sorted(conventions)}; give those of one run of mtcnn or boxes")
    return BoxesDetector(boxes, next(iter(conventions), "celeba"))


def to_celeba(boxes: np.ndarray, points: np.ndarray, convention: str, box_map: BoxMap) -> np.ndarray:
    """Brings (n, 4) boxes of a detector to CelebA's convention, in which the landmark net was trained.

    MTCNN's go through the map that was fitted for it; YuNet's five points say where CelebA's box would lie.
    """
    if convention == "mtcnn":
        return box_map.apply(boxes)
    if convention == "yunet":
        return box_around(points)
    return boxes


def _reduce(image: np.ndarray, max_px: int) -> tuple[np.ndarray, np.ndarray]:
    """The image with its longer side at most `max_px`, and (2,) factors back to its own px."""
    height, width = image.shape[:2]
    if max(height, width) <= max_px:
        return image, np.ones(2)
    scale = max_px / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.array([width, height]) / size


def _enlarge(found: Detections, scale: np.ndarray) -> Detections:
    points = (found.points + 0.5) * scale - 0.5
    return Detections(found.boxes * np.tile(scale, 2), found.scores, points)


def _keep(found: Detections, min_score: float) -> Detections:
    good = found.scores >= min_score
    return Detections(found.boxes[good], found.scores[good], found.points[good])
