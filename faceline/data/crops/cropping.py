"""Cuts the window round each chosen face out of its photo."""

from collections.abc import Iterator
from dataclasses import astuple
from itertools import islice

import numpy as np
import pandas as pd

from faceline.core.columns import BOX_COLUMNS, IMAGE_ID
from faceline.core.errors import InputError
from faceline.data.crops.params import CropParams
from faceline.imaging.images import decode_rgb, encode_jpeg, too_large
from faceline.imaging.parallel import ordered_map
from faceline.imaging.progress import track
from faceline.photos.photos import Photos
from faceline.windows.windows import WINDOW_COLUMNS, Window, cut, window_around

CROP_COLUMNS = [*WINDOW_COLUMNS, "photo_width", "photo_height"]


def cut_face(photo: np.ndarray, box: np.ndarray, params: CropParams, name: str = "photo") -> tuple[Window, bytes]:
    """The window round a face's (4,) box in an RGB photo, and the JPEG of what it holds.

    Raises:
        InputError: the window is too large for any photo; the message calls this one by `name`.
    """
    window = window_around(box, params.context, params.max_px)
    if too_large(window.side, window.side):
        raise InputError(f"{name}: the window round its box is {window.side} px wide, too large for a photo")
    return window, encode_jpeg(cut(photo, window), params.jpeg_quality)


def crop_faces(
    photos: Photos, rows: pd.DataFrame, params: CropParams, chunk: int = 256
) -> Iterator[tuple[pd.DataFrame, list[bytes]]]:
    """Crops every row's box out of its photo, in order, in chunks ready for a `PackedWriter`.

    Args:
        rows: image_id and the box columns, and whatever else shall stand beside the image.

    Yields:
        The rows with the window and the photo's size added, and the JPEG of each window.
    """

    def crop(face: tuple[str, np.ndarray]) -> tuple[tuple, bytes]:
        image_id, box = face
        photo = decode_rgb(photos.read(image_id), image_id)
        window, jpeg = cut_face(photo, box, params, image_id)
        return (*astuple(window), photo.shape[1], photo.shape[0]), jpeg

    faces = zip(rows[IMAGE_ID], rows[BOX_COLUMNS].to_numpy(np.float64), strict=True)
    crops = iter(track(ordered_map(crop, faces), "crop", total=len(rows), unit="face"))
    for start in range(0, len(rows), chunk):
        windows, jpegs = zip(*islice(crops, chunk), strict=True)
        beside = rows.iloc[start : start + chunk].reset_index(drop=True)
        yield pd.concat([beside, pd.DataFrame(windows, columns=CROP_COLUMNS, dtype="int32")], axis=1), list(jpegs)


def summarise_crops(rows: pd.DataFrame) -> dict[str, float]:
    """Counts and means for the metrics file; `padded_share` is the part of a window beyond its photo."""
    inside = pd.Series(1.0, index=rows.index)
    for low, size in (("window_x", "photo_width"), ("window_y", "photo_height")):
        high = (rows[low] + rows.window_side).clip(upper=rows[size])
        inside = inside * (high - rows[low].clip(lower=0)).clip(lower=0) / rows.window_side
    return {
        "faces": len(rows),
        "padded_share": float((1 - inside).mean()),
        "shrunk": int((rows.stored_px < rows.window_side).sum()),
        "window_px_median": float(rows.window_side.median()),
        "window_px_min": int(rows.window_side.min()),
        "window_px_max": int(rows.window_side.max()),
    }
