"""What every photo is, whatever its annotation: size, readable or why not, perceptual hash, sharpness."""

import cv2
import numpy as np
import pandas as pd

from faceline.core.columns import IMAGE_ID
from faceline.core.errors import InputError
from faceline.imaging.images import decode_rgb
from faceline.imaging.parallel import ordered_map
from faceline.imaging.progress import track
from faceline.photos.photos import Photos

_HASH_PX = 32
_HASH_FREQUENCIES = 8


def scan_photos(photos: Photos) -> pd.DataFrame:
    """One row per photo, sorted by name: image_id, readable, reason, width, height, hash, sharpness.

    Decoding runs in a thread per core; the rows do not depend on how many.
    """
    rows = list(track(ordered_map(lambda name: _row(photos, name), photos.names), "scan", total=len(photos.names)))
    columns = [IMAGE_ID, "readable", "reason", "width", "height", "hash", "sharpness"]
    types = {"width": "int32", "height": "int32", "hash": "uint64", "sharpness": "float32"}
    return pd.DataFrame(rows, columns=columns).astype(types)


def _row(photos: Photos, name: str) -> tuple:
    try:
        grey = cv2.cvtColor(decode_rgb(photos.read(name), name), cv2.COLOR_RGB2GRAY)
    except (InputError, OSError) as error:
        return name, False, str(error).removeprefix(f"{name}: "), 0, 0, 0, 0.0
    height, width = grey.shape
    return name, True, "", width, height, perceptual_hash(grey), sharpness(grey)


def sharpness(grey: np.ndarray) -> float:
    """Variance of the Laplacian of a (h, w) uint8 image brought to 256 px on its longer side, grey levels^2.

    The measure depends on the number of pixels, so all photos are measured at one size (Pech-Pacheco et al.,
    ICPR 2000, for the measure itself).
    """
    scale = 256 / max(grey.shape)
    size = tuple(max(1, round(side * scale)) for side in reversed(grey.shape))
    fixed = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return float(cv2.Laplacian(fixed, cv2.CV_32F).var())


def perceptual_hash(grey: np.ndarray) -> int:
    """64 bits: the lowest 8 x 8 frequencies of a 32 x 32 thumbnail against their median.

    Scaling, light compression and brightness move few of the bits (the common pHash construction).
    """
    thumbnail = cv2.resize(grey, (_HASH_PX, _HASH_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(thumbnail)[:_HASH_FREQUENCIES, :_HASH_FREQUENCIES].ravel()
    bits = low > np.median(low[1:])  # the first is the mean brightness
    return int(np.packbits(bits).view(">u8")[0])


def refuse_unreadable(photos: pd.DataFrame, allowed: int) -> None:
    """Raises InputError naming every unreadable photo when there are more than `allowed`."""
    broken = photos[~photos.readable]
    if len(broken) > allowed:
        listed = "\n".join(f"  {row.image_id}: {row.reason}" for row in broken.itertuples())
        raise InputError(
            f"{len(broken)} photos cannot be read, data.max_unreadable allows {allowed}:\n{listed}\n"
            "Replace them, or raise data.max_unreadable to leave them out."
        )
