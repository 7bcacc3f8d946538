"""Cuts the window round each chosen face out of its photo."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from itertools import islice

import numpy as np
import pandas as pd

from faceline.imaging.parallel import usable_cores
from faceline.imaging.images import decode_rgb, encode_jpeg
from faceline.data.crops.params import CropParams
from faceline.imaging.progress import track
from faceline.photos.photos import Photos
from faceline.alignment.fit.template import outside_share
from faceline.core.columns import BOX_COLUMNS
from faceline.windows.windows import WINDOW_COLUMNS, Window, cut, window_around

CROP_COLUMNS = [*WINDOW_COLUMNS, "photo_width", "photo_height"]


def crop_faces(
    photos: Photos, rows: pd.DataFrame, params: CropParams, chunk: int = 256
) -> Iterator[tuple[pd.DataFrame, list[bytes]]]:
    """Crops every row's box out of its photo, in order, in chunks ready for a `PackedWriter`.

    Args:
        rows: image_id and the box columns, and whatever else shall stand beside the image.

    Yields:
        The rows with the window and the photo's size added, and the JPEG of each window.
    """

    def crop(image_id: str, box: np.ndarray) -> tuple[tuple, bytes]:
        photo = decode_rgb(photos.read(image_id), image_id)
        window = window_around(box, params.context, params.max_px)
        facts = (*astuple(window), photo.shape[1], photo.shape[0])
        return facts, encode_jpeg(cut(photo, window), params.jpeg_quality)

    boxes = rows[BOX_COLUMNS].to_numpy(np.float64)
    with ThreadPoolExecutor(usable_cores()) as pool:
        made_all = iter(track(pool.map(crop, rows.image_id, boxes), "crop", total=len(rows), unit="face"))
        for start in range(0, len(rows), chunk):
            made = list(islice(made_all, chunk))
            facts = pd.DataFrame([fact for fact, _ in made], columns=CROP_COLUMNS).astype("int32")
            beside = rows.iloc[start : start + chunk].reset_index(drop=True)
            yield pd.concat([beside, facts], axis=1), [image for _, image in made]


def summarise_crops(facts: pd.DataFrame) -> dict[str, float]:
    """Counts and means for the metrics file; `padded_share` is the part of a window beyond its photo."""
    shares = []
    for x, y, side, stored_px, width, height in facts[CROP_COLUMNS].itertuples(index=False, name=None):
        window = Window(x, y, side, stored_px)
        shares.append(outside_share(window.to_photo(), stored_px, width, height))
    return {
        "faces": len(facts),
        "padded_share": float(np.mean(shares)),
        "shrunk": int((facts.stored_px < facts.window_side).sum()),
        "window_px_median": float(facts.window_side.median()),
        "window_px_min": int(facts.window_side.min()),
        "window_px_max": int(facts.window_side.max()),
    }
