"""Boxes that somebody else found, from a file, in the place of a detector."""

import csv
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from faceline.boxes.boxes import BoxMap
from faceline.core.columns import BOX_COLUMNS
from faceline.core.errors import InputError
from faceline.core.files import read_text
from faceline.detection.detections import Detections, FaceFinder

MAX_PX = 1_000_000  # no photo is as large
_MORE = "more than the columns"

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
    text = read_text(path, "--boxes names a .json, .csv or CelebA list")
    if text.lstrip().startswith(("{", "[")):
        return _boxes_from_json(path, text)
    lines = text.splitlines()
    if lines and lines[0].strip().isdigit():  # CelebA's count line
        lines = [",".join(line.split()) for line in lines[1:]]
    boxes: dict[str, list] = {}
    empty = []
    for number, row in enumerate(_rows(path, lines), start=2):
        name = row.get("image") or row.get("image_id")
        try:
            box = [float(row.get(f"{column}_1", row.get(column)) or "") for column in BOX_COLUMNS]
        except (TypeError, ValueError):
            box = []
        sound = box and all(abs(value) <= MAX_PX for value in box) and min(box[2:]) >= 0
        if not name or not sound or _MORE in row:
            raise InputError(
                f"{path}, row {number}: expected columns image, x, y, width, height, in px and no size below 0"
            )
        if min(box[2:]) == 0:
            empty.append(number)  # CelebA's own list has such rows: the photo has no box
            continue
        boxes.setdefault(name, []).append(box)
    if empty:
        log.warning("%s: %d rows hold an empty box and are left out, the first is row %d", path, len(empty), empty[0])
    if not boxes:
        raise InputError(f"{path}: no boxes in it; expected columns image, x, y, width, height")
    return KnownBoxes({name: np.array(rows, float) for name, rows in boxes.items()})


def _rows(path: Path, lines: Sequence[str]) -> Iterator[dict[str, str]]:
    """Rows of a CSV by column; `_MORE` holds what a row has too many."""
    try:
        for row in csv.DictReader(lines, restkey=_MORE):
            yield {str(key).strip(): value for key, value in row.items()}
    except csv.Error as error:
        raise InputError(f"{path}: not a CSV file ({error})") from None


class _Box(BaseModel):
    """A box of CelebA's convention in what `faceline detect` prints."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)
    x: Annotated[float, Field(ge=-MAX_PX, le=MAX_PX)]
    y: Annotated[float, Field(ge=-MAX_PX, le=MAX_PX)]
    width: Annotated[float, Field(gt=0, le=MAX_PX)]
    height: Annotated[float, Field(gt=0, le=MAX_PX)]


class _Face(BaseModel):
    celeba_box: _Box


class _Photo(BaseModel):
    model_config = ConfigDict(strict=True)
    photo: str
    faces: list[_Face] = []


class _Printed(BaseModel):
    photos: list[_Photo]


def _boxes_from_json(path: Path, text: str) -> KnownBoxes:
    try:
        printed = _Printed.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(f"{path}: not what `faceline detect` prints ({place}: {first['msg'][:200]})") from None
    sides = {one.photo: [list(face.celeba_box.model_dump().values()) for face in one.faces] for one in printed.photos}
    return KnownBoxes({name: np.array(rows, float).reshape(-1, 4) for name, rows in sides.items()})
