"""Turns a landmark set into packed windows, each photo decoded once."""

from collections.abc import Iterator
from dataclasses import astuple

import numpy as np
import pandas as pd

from faceline.core.columns import BOX_COLUMNS
from faceline.core.errors import InputError
from faceline.data.crops.cropping import CROP_COLUMNS, cut_face
from faceline.data.crops.params import CropParams
from faceline.geometry.points import defects, points_of
from faceline.imaging.images import decode_rgb
from faceline.imaging.parallel import ordered_map
from faceline.imaging.progress import track
from faceline.packed.sets import PackedWriter
from faceline.photos.photos import Photos

LANDMARK_SPLITS = ("train", "dev", "test")
_CHUNK = 256


def crop_set(rows: pd.DataFrame, photos: Photos, params: CropParams, writer: PackedWriter) -> pd.DataFrame:
    """Writes the window of every face that can be used.

    Args:
        rows: as `read_landmark_set` gives them.

    Returns:
        The other faces, with `reason`.

    Raises:
        InputError: a listed photo is missing, or no usable face remains in a split.
    """
    points, boxes = points_of(rows), rows[BOX_COLUMNS].to_numpy(np.float64)

    def crop(place: int) -> tuple[str, tuple, bytes]:
        return _crop(photos, rows.image_id.iloc[place], boxes[place], points[place], params)

    made = track(ordered_map(crop, range(len(rows))), "crop", total=len(rows), unit="face")
    rejected = []
    kept = dict.fromkeys(LANDMARK_SPLITS, 0)
    for part, results in _chunks(rows, iter(made)):
        sound = np.array([not reason for reason, _, _ in results])
        windows = pd.DataFrame([window for reason, window, _ in results if not reason], columns=CROP_COLUMNS)
        beside = part[sound].reset_index(drop=True)
        if len(beside):
            table = pd.concat([beside, windows.astype("int32")], axis=1)
            writer.write(table, [image for reason, _, image in results if not reason])
        for split in kept:
            kept[split] += int((beside.split == split).sum())
        rejected.append(part[~sound].assign(reason=[reason for reason, _, _ in results if reason]))
    empty = [split for split, faces in kept.items() if not faces]
    if empty:
        raise InputError(f"the landmark set has no usable faces for {', '.join(empty)}; each split needs some")
    return pd.concat(rejected, ignore_index=True)


def _crop(
    photos: Photos, image_id: str, box: np.ndarray, points: np.ndarray, params: CropParams
) -> tuple[str, tuple, bytes]:
    encoded = photos.read(image_id)
    try:
        photo = decode_rgb(encoded, image_id)
    except InputError:
        photo = None
    reason = face_defect(photo, box, points)
    if reason:
        return reason, (), b""
    window, image = cut_face(photo, box, params)
    return "", (*astuple(window), photo.shape[1], photo.shape[0]), image


def face_defect(photo: np.ndarray | None, box: np.ndarray, points: np.ndarray) -> str:
    """Why a face cannot be used, "" where it can: `unreadable`, `no_box`, or one of the landmarks' defects."""
    if photo is None:
        return "unreadable"
    if not (np.isfinite(box).all() and (box[2:] > 0).all()):
        return "no_box"
    height, width = photo.shape[:2]
    return str(defects(points[None], np.array([width]), np.array([height]))[0])


def _chunks(rows: pd.DataFrame, made: Iterator) -> Iterator[tuple[pd.DataFrame, list]]:
    for start in range(0, len(rows), _CHUNK):
        part = rows.iloc[start : start + _CHUNK]
        yield part, [next(made) for _ in range(len(part))]
