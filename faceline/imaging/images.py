"""Image bytes to RGB arrays and back. Every array in faceline is RGB, uint8, height x width x 3."""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from faceline.core.errors import InputError
from faceline.imaging.parallel import ordered_map


def decode_rgb(encoded: bytes, name: str = "image") -> np.ndarray:
    """Decodes JPEG, PNG and whatever else OpenCV reads; grey and alpha become plain RGB.

    Raises:
        InputError: the bytes are no image, or a truncated one.
    """
    try:
        bgr = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR) if encoded else None
    except cv2.error:
        bgr = None
    if bgr is None:
        raise InputError(f"{name}: not a readable image; replace the file or leave it out")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def encode_jpeg(rgb: np.ndarray, quality: int, sampling: int = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444) -> bytes:
    """JPEG, by default at full colour resolution (4:4:4): chroma subsampling would blur what the nets see."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), options)
    return encoded.tobytes()


def at_size(image: np.ndarray, px: int) -> np.ndarray:
    """A square RGB image at side `px`, by area where it shrinks."""
    if image.shape[:2] == (px, px):
        return image
    method = cv2.INTER_AREA if image.shape[0] > px else cv2.INTER_LINEAR
    return cv2.resize(image, (px, px), interpolation=method)


def decode_all(encoded: Iterable[bytes], workers: int = 2) -> Iterator[np.ndarray]:
    """Decodes in order with `workers` threads (OpenCV lets go of the interpreter), a bounded number ahead."""
    return ordered_map(decode_rgb, encoded, workers, ahead=64)
