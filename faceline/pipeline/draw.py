"""Photos with what was found drawn on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from faceline.pipeline.found_faces import PhotoFaces

_FOUND = (60, 220, 90)
_REJECTED = (235, 120, 40)
_POINT = (255, 235, 60)


def draw_faces(found: PhotoFaces, labels: Sequence[str] = ()) -> np.ndarray:
    """The photo with boxes, points (landmarks, or else the detector's) and a label over each box.

    Args:
        found: of a photo that could be read.
        labels: one for each face, or none.

    Returns:
        RGB uint8 of the photo's size.
    """
    picture = Image.fromarray(found.photo.image)
    pen = ImageDraw.Draw(picture)
    line = max(2, round(max(picture.size) / 300))
    font = _font(max(12, round(max(picture.size) / 40)))
    for number, face in enumerate(found.faces):
        x, y, width, height = (float(value) for value in face.box)
        colour = _REJECTED if face.reject else _FOUND
        pen.rectangle((x, y, x + max(width, 1), y + max(height, 1)), outline=colour, width=line)
        points = face.landmarks if face.landmarks is not None else face.detector_points
        for px, py in points if points is not None else ():
            pen.ellipse((px - line, py - line, px + line, py + line), fill=_POINT, outline=(0, 0, 0))
        if number < len(labels) and labels[number]:
            label = labels[number]
            left, top, right, bottom = pen.textbbox((0, 0), label, font=font)
            corner = (min(max(x, 0), max(0, picture.width - right)), max(y - bottom - line, 0))
            box = (corner[0] + left, corner[1] + top, corner[0] + right, corner[1] + bottom)
            pen.rectangle((box[0] - line, box[1] - line, box[2] + line, box[3] + line), fill=(0, 0, 0))
            pen.text(corner, label, fill=colour, font=font)
    return np.asarray(picture)


def _font(size_px: int) -> ImageFont.FreeTypeFont:
    """A font that knows the letters of most people's names."""
    import matplotlib

    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"), size_px)
