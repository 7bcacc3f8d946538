"""Cuts the window round each chosen face out of its photo."""

from collections.abc import Iterator
from dataclasses import astuple

import numpy as np
import pandas as pd

from faceline.core.columns import BOX_COLUMNS, IMAGE_ID
from faceline.core.errors import InputError
from faceline.data.crops.params import CropParams
from faceline.engines.engine import LOCAL, Engine, Work
from faceline.imaging.images import decode_rgb, encode_jpeg, too_large
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


class _Crop(Work[tuple[str, np.ndarray], tuple[tuple, bytes], tuple[pd.DataFrame, list[bytes]]]):
    what, unit = "crop", "face"

    def __init__(self, photos: Photos, rows: pd.DataFrame, params: CropParams) -> None:
        self._photos, self._params = photos, params
        self._names, self._boxes = rows[IMAGE_ID].tolist(), rows[BOX_COLUMNS].to_numpy(np.float64)

    def inputs(self, rows: range) -> Iterator[tuple[str, np.ndarray]]:
        here = slice(rows.start, rows.stop)
        return zip(self._names[here], self._boxes[here], strict=True)

    def read(self, one: tuple[str, np.ndarray]) -> tuple[tuple, bytes]:
        image_id, box = one
        photo = decode_rgb(self._photos.read(image_id), image_id)
        window, jpeg = cut_face(photo, box, self._params, image_id)
        return (*astuple(window), photo.shape[1], photo.shape[0]), jpeg

    def finish(self, rows: range, read: list[tuple[tuple, bytes]]) -> tuple[pd.DataFrame, list[bytes]]:
        windows, jpegs = zip(*read, strict=True)
        return pd.DataFrame(windows, columns=CROP_COLUMNS, dtype="int32"), list(jpegs)


def crop_faces(
    photos: Photos, rows: pd.DataFrame, params: CropParams, chunk: int = 256, engine: Engine = LOCAL
) -> Iterator[tuple[pd.DataFrame, list[bytes]]]:
    """Crops every row's box out of its photo, in order, in chunks ready for a `PackedWriter`.

    Args:
        rows: image_id and the box columns, and whatever else shall stand beside the image.

    Yields:
        The rows with the window and the photo's size added, and the JPEG of each window.
    """
    for part, (windows, jpegs) in engine.map(_Crop(photos, rows, params), len(rows), chunk):
        beside = rows.iloc[part.start : part.stop].reset_index(drop=True)
        yield pd.concat([beside, windows], axis=1), jpegs


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
