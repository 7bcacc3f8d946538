"""Pictures of photos with what was found in them."""

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np

from faceline.pipeline.found_faces import PhotoFaces

_FOUND = (60, 220, 90)
_REJECTED = (235, 120, 40)
_POINT = (255, 235, 60)
_BLACK = (0, 0, 0)


def draw_faces(found: PhotoFaces, labels: Sequence[str] = ()) -> np.ndarray:
    """The photo with boxes, points (landmarks, or else the detector's) and a label over each box.

    Args:
        found: of a photo that could be read.
        labels: one for each face, or none.

    Returns:
        RGB uint8 of the photo's size.
    """
    if found.photo.image is None:
        raise ValueError(f"{found.name}: there is no photo to draw on")
    picture = found.photo.image.copy()
    longer = max(picture.shape)
    line, letters = max(2, round(longer / 300)), max(12, round(longer / 40))
    for number, face in enumerate(found.faces):
        colour = _REJECTED if face.reject else _FOUND
        x, y, width, height = (round(float(value)) for value in face.box)
        cv2.rectangle(picture, (x, y), (x + max(width, 1), y + max(height, 1)), colour, line)
        for point in () if face.points is None else np.round(face.points).astype(int).tolist():
            cv2.circle(picture, point, line, _POINT, cv2.FILLED, cv2.LINE_AA)
            cv2.circle(picture, point, line, _BLACK, 1, cv2.LINE_AA)
        if number < len(labels) and labels[number]:
            _write(picture, labels[number], (x, y - line), letters, line, colour)
    return picture


def _write(picture: np.ndarray, text: str, above: tuple[int, int], letters: int, pad: int, colour: tuple) -> None:
    """A line of text on black whose lower left corner is `above`, moved where it would leave the picture."""
    size = picture.shape[1::-1]
    left, top, width, height = cv2.getTextSize(size, text, (0, 0), _font(), letters)
    right, low = left + width, top + height
    x = min(max(above[0], 0), max(0, size[0] - right))
    y = max(above[1] - low, pad - top)
    cv2.rectangle(picture, (x + left - pad, y + top - pad), (x + right + pad, y + low + pad), _BLACK, cv2.FILLED)
    cv2.putText(picture, text, (x, y), colour, _font(), letters)


@cache
def _font() -> cv2.FontFace:
    """OpenCV's own font that knows the letters of most people's names."""
    return cv2.FontFace("uni")
