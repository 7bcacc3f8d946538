"""What every photo is, whatever its annotation: size, readable or why not, perceptual hash, sharpness."""

import cv2
import numpy as np
import pandas as pd

from faceline.core.columns import FACE_HASHES, IMAGE_ID, PHOTO_HASHES
from faceline.core.errors import InputError
from faceline.data.scan.hashes import photo_hashes
from faceline.engines.engine import LOCAL, Engine, Work
from faceline.imaging.images import decode_rgb
from faceline.photos.photos import Photos
from faceline.points.points import points_of

HASHES = [*PHOTO_HASHES, *FACE_HASHES]
_BATCH = 256


class _Scan(Work[str, dict, list[dict]]):
    what = "scan"

    def __init__(self, photos: Photos, landmarks: pd.DataFrame) -> None:
        self._photos = photos
        self._points = dict(zip(landmarks[IMAGE_ID], points_of(landmarks), strict=True))

    def inputs(self, rows: range) -> list[str]:
        return self._photos.names[rows.start : rows.stop]

    def read(self, one: str) -> dict:
        return _row(self._photos, one, self._points.get(one))

    def finish(self, rows: range, read: list[dict]) -> list[dict]:
        return read


def scan_photos(photos: Photos, landmarks: pd.DataFrame, engine: Engine = LOCAL) -> pd.DataFrame:
    """One row per photo, sorted by name: image_id, readable, reason, width, height, sharpness, and the hashes.

    Hashes are nullable: of a photo that cannot be read there are none, and none of the face without landmarks.

    Args:
        landmarks: image_id and the point columns, a row for each annotated photo.
    """
    parts = engine.map(_Scan(photos, landmarks), len(photos.names), _BATCH)
    rows = [row for _, part in parts for row in part]
    types = {"width": "int32", "height": "int32", "sharpness": "float32"}
    table = pd.DataFrame(rows, columns=[IMAGE_ID, "readable", "reason", *types, *HASHES], dtype=object)
    return table.astype(
        {IMAGE_ID: "str", "readable": "bool", "reason": "str"} | types | dict.fromkeys(HASHES, "UInt64")
    )


def _row(photos: Photos, name: str, points: np.ndarray | None) -> dict:
    try:
        grey = cv2.cvtColor(decode_rgb(photos.read(name), name), cv2.COLOR_RGB2GRAY)
    except (InputError, OSError) as error:
        reason = str(error).removeprefix(f"{name}: ")
        return {IMAGE_ID: name, "readable": False, "reason": reason, "width": 0, "height": 0, "sharpness": 0.0}
    height, width = grey.shape
    measured = {"width": width, "height": height, "sharpness": sharpness(grey)}
    return {IMAGE_ID: name, "readable": True, "reason": ""} | measured | photo_hashes(grey, points)


def sharpness(grey: np.ndarray) -> float:
    """Variance of the Laplacian of a (h, w) uint8 image brought to 256 px on its longer side, grey levels^2.

    The measure depends on the number of pixels, so all photos are measured at one size (Pech-Pacheco et al.,
    ICPR 2000, for the measure itself).
    """
    scale = 256 / max(grey.shape)
    size = tuple(max(1, round(side * scale)) for side in reversed(grey.shape))
    fixed = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return float(cv2.Laplacian(fixed, cv2.CV_32F).var())


def refuse_unreadable(photos: pd.DataFrame, allowed: int) -> None:
    """Raises InputError naming every unreadable photo when there are more than `allowed`."""
    broken = photos[~photos.readable]
    if len(broken) > allowed:
        listed = "\n".join(f"  {row.image_id}: {row.reason}" for row in broken.itertuples())
        raise InputError(
            f"{len(broken)} photos cannot be read, data.max_unreadable allows {allowed}:\n{listed}\n"
            "Replace them, or raise data.max_unreadable to leave them out."
        )
