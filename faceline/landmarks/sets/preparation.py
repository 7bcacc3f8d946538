"""Turns a landmark set into packed windows, each photo decoded once."""

from collections.abc import Iterable
from dataclasses import astuple

import numpy as np
import pandas as pd

from faceline.core.columns import BOX_COLUMNS
from faceline.core.errors import InputError
from faceline.data.crops.cropping import CROP_COLUMNS, cut_face
from faceline.data.crops.params import CropParams
from faceline.engines.engine import LOCAL, Engine, Work
from faceline.imaging.images import decode_rgb
from faceline.packed.sets import PackedWriter
from faceline.photos.photos import Photos
from faceline.points.points import defects, points_of

_CHUNK = 256


# why a face cannot be used, or ""; and the values of `CROP_COLUMNS` and the JPEG of its window
_Cut = tuple[str, tuple, bytes]


class _Crop(Work[int, _Cut, list[_Cut]]):
    what, unit = "crop", "face"

    def __init__(self, photos: Photos, rows: pd.DataFrame, params: CropParams) -> None:
        self._photos, self._params = photos, params
        self._names = rows.image_id.tolist()
        self._points, self._boxes = points_of(rows), rows[BOX_COLUMNS].to_numpy(np.float64)

    def inputs(self, rows: range) -> Iterable[int]:
        return rows

    def read(self, one: int) -> _Cut:
        name, points, box = self._names[one], self._points[one], self._boxes[one]
        encoded = self._photos.read(name)
        try:
            photo = decode_rgb(encoded)
        except InputError:
            return "unreadable", (), b""
        height, width = photo.shape[:2]
        reason = str(defects(points[None], np.array([width]), np.array([height]))[0])
        if not (np.isfinite(box).all() and (box[2:] > 0).all()):
            reason = "no_box"
        if reason:
            return reason, (), b""
        window, image = cut_face(photo, box, self._params, name)
        return "", (*astuple(window), width, height), image

    def finish(self, rows: range, read: list[_Cut]) -> list[_Cut]:
        return read


def crop_set(
    rows: pd.DataFrame, photos: Photos, params: CropParams, writer: PackedWriter, engine: Engine = LOCAL
) -> pd.DataFrame:
    """Writes the window of every face that can be used.

    Args:
        rows: as `read_landmark_set` gives them.

    Returns:
        The other faces, with `reason`: `unreadable`, `no_box`, or one of the landmarks' defects.

    Raises:
        InputError: a listed photo is missing, or no usable face remains in a split.
    """
    reasons = np.full(len(rows), "", object)
    for batch, made in engine.map(_Crop(photos, rows, params), len(rows), _CHUNK):
        part = slice(batch.start, batch.stop)
        reasons[part], windows, images = zip(*made, strict=True)
        sound = reasons[part] == ""
        if sound.any():
            beside = rows.iloc[part][sound].reset_index(drop=True)
            table = pd.DataFrame([one for one in windows if one], columns=CROP_COLUMNS, dtype="int32")
            writer.write(pd.concat([beside, table], axis=1), [image for image in images if image])
    empty = [split for split in ("train", "dev", "test") if not (rows.split[reasons == ""] == split).any()]
    if empty:
        raise InputError(f"the landmark set has no usable faces for {', '.join(empty)}; each split needs some")
    return rows[reasons != ""].assign(reason=reasons[reasons != ""]).reset_index(drop=True)
