"""Pictures that come out the same every time: plots without dates in them, and sheets of tiles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from matplotlib.figure import Figure

from faceline.core.files import replacing

_GAP_PX = 2
_CAPTION_PX = 14
_PAPER = 255


def new_figure(width_in: float = 5.0, height_in: float = 4.0) -> Figure:
    """An empty figure that needs no display and leaves no global state behind."""
    return Figure(figsize=(width_in, height_in), dpi=110, layout="constrained")


def save(figure: Figure, path: Path) -> None:
    """Writes a figure as PNG without the library's version and the time, so that equal plots have equal bytes."""
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})


def write_png(path: Path, rgb: np.ndarray) -> None:
    """Writes an RGB uint8 array."""
    with replacing(path) as temporary:
        temporary.write_bytes(cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes())


def sheet(tiles: Sequence[np.ndarray], columns: int, captions: Sequence[str] = ()) -> np.ndarray:
    """Tiles of one size, row by row on white, each with a caption below it where there are captions.

    Args:
        tiles: RGB uint8 arrays, all (h, w, 3).
        columns: tiles in a row.
        captions: one short text a tile, or none.

    Returns:
        One RGB uint8 array.
    """
    height, width = tiles[0].shape[:2] if tiles else (1, 1)
    cell = height + _GAP_PX + (_CAPTION_PX if captions else 0)
    rows = max(1, -(-len(tiles) // columns))
    out = np.full((rows * cell, columns * (width + _GAP_PX), 3), _PAPER, np.uint8)
    for place, tile in enumerate(tiles):
        top, left = (place // columns) * cell, (place % columns) * (width + _GAP_PX)
        out[top : top + height, left : left + width] = tile
        if captions:
            corner = (left + 1, top + height + _CAPTION_PX - 3)
            cv2.putText(out, captions[place], corner, cv2.FONT_HERSHEY_SIMPLEX, 0.35, (0, 0, 0), 1, cv2.LINE_AA)
    return out
