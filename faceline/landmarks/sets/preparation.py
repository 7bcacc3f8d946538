"""Turns a landmark set into packed windows, each photo decoded once."""

from dataclasses import astuple
from itertools import islice

import numpy as np
import pandas as pd

from faceline.core.columns import BOX_COLUMNS
from faceline.core.errors import InputError
from faceline.data.crops.cropping import CROP_COLUMNS, cut_face
from faceline.data.crops.params import CropParams
from faceline.imaging.images import decode_rgb
from faceline.imaging.parallel import ordered_map
from faceline.imaging.progress import track
from faceline.packed.sets import PackedWriter
from faceline.photos.photos import Photos
from faceline.points.points import defects, points_of

_CHUNK = 256


def crop_set(rows: pd.DataFrame, photos: Photos, params: CropParams, writer: PackedWriter) -> pd.DataFrame:
    """Writes the window of every face that can be used.

    Args:
        rows: as `read_landmark_set` gives them.

    Returns:
        The other faces, with `reason`: `unreadable`, `no_box`, or one of the landmarks' defects.

    Raises:
        InputError: a listed photo is missing, or no usable face remains in a split.
    """
    points, boxes = points_of(rows), rows[BOX_COLUMNS].to_numpy(np.float64)

    def crop(place: int) -> tuple[str, tuple, bytes]:
        """Why the face cannot be used, or "" and the values of `CROP_COLUMNS` and the JPEG of its window."""
        encoded = photos.read(rows.image_id.iloc[place])
        try:
            photo = decode_rgb(encoded)
        except InputError:
            return "unreadable", (), b""
        height, width = photo.shape[:2]
        reason = str(defects(points[place, None], np.array([width]), np.array([height]))[0])
        if not (np.isfinite(boxes[place]).all() and (boxes[place, 2:] > 0).all()):
            reason = "no_box"
        if reason:
            return reason, (), b""
        window, image = cut_face(photo, boxes[place], params, rows.image_id.iloc[place])
        return "", (*astuple(window), width, height), image

    made = iter(track(ordered_map(crop, range(len(rows))), "crop", total=len(rows), unit="face"))
    reasons = np.full(len(rows), "", object)
    for start in range(0, len(rows), _CHUNK):
        part = slice(start, start + _CHUNK)
        reasons[part], windows, images = zip(*islice(made, _CHUNK), strict=True)
        sound = reasons[part] == ""
        if sound.any():
            beside = rows.iloc[part][sound].reset_index(drop=True)
            table = pd.DataFrame([one for one in windows if one], columns=CROP_COLUMNS, dtype="int32")
            writer.write(pd.concat([beside, table], axis=1), [image for image in images if image])
    empty = [split for split in ("train", "dev", "test") if not (rows.split[reasons == ""] == split).any()]
    if empty:
        raise InputError(f"the landmark set has no usable faces for {', '.join(empty)}; each split needs some")
    return rows[reasons != ""].assign(reason=reasons[reasons != ""]).reset_index(drop=True)
