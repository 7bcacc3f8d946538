"""Boxes that somebody else found, from a file, in the place of a detector."""

import csv
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from faceline.boxes.boxes import BoxMap
from faceline.core.columns import BOX_COLUMNS
from faceline.core.errors import InputError
from faceline.detection.detections import Detections, FaceFinder

log = logging.getLogger(__name__)


class KnownBoxes(FaceFinder):
    """Boxes in CelebA's convention, looked up by the photo's path as given, or else by its file name."""

    name = "boxes"
    box_map = BoxMap()

    def __init__(self, boxes: Mapping[str, np.ndarray]) -> None:
        self._boxes = boxes

    def find(self, images: Sequence[np.ndarray], names: Sequence[str] = ()) -> list[Detections]:
        found = [self._boxes.get(name, self._boxes.get(Path(name).name, np.zeros((0, 4)))) for name in names]
        return [Detections(boxes, np.ones(len(boxes)), np.full((len(boxes), 5, 2), np.nan)) for boxes in found]


def read_boxes(path: Path) -> KnownBoxes:
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
        try:
            box = [float(row.get(f"{column}_1", row.get(column))) for column in BOX_COLUMNS]
        except (TypeError, ValueError):
            box = []
        if not name or not box or not np.isfinite(box).all():
            raise InputError(f"{path}, row {number}: expected columns image, x, y, width, height")
        if min(box[2:]) <= 0:
            empty.append(number)  # CelebA's own list has such rows: the photo has no box
            continue
        boxes.setdefault(name, []).append(box)
    if empty:
        log.warning("%s: %d rows hold an empty box and are left out, the first is row %d", path, len(empty), empty[0])
    if not boxes:
        raise InputError(f"{path}: no boxes in it; expected columns image, x, y, width, height")
    return KnownBoxes({name: np.array(rows, float) for name, rows in boxes.items()})


def _boxes_from_json(path: Path, text: str) -> KnownBoxes:
    boxes = {}
    try:
        for photo in json.loads(text)["photos"]:
            sides = [[float(face["celeba_box"][column]) for column in BOX_COLUMNS] for face in photo.get("faces", [])]
            boxes[photo["photo"]] = np.array(sides, float).reshape(-1, 4)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not what `faceline detect` prints ({error!r})") from None
    return KnownBoxes(boxes)
