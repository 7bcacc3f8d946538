"""The stage's crops against the usual loop over photos, and against the coding that they need at least.

    python -m benchmarks.crops --celeba data/celeba --photos 400

The usual loop opens a photo with Pillow, crops, resizes and saves, one photo after the other: once as our windows are
cut and stored, once the box alone at 224 px as a JPEG of Pillow's usual quality and as a PNG. Ours reads, decodes,
cuts and encodes on all cores, and writes a packed set.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import TypeVar

import numpy as np
import pandas as pd
from PIL import Image

import stages  # noqa: F401  stages keep the memory that they free: so do both sides here
from benchmarks.alternating import alternate, record, spread
from faceline.annotations.celeba import read_file
from faceline.core.columns import BOX_COLUMNS, IMAGE_ID
from faceline.data.crops.cropping import crop_faces
from faceline.data.crops.params import CropParams
from faceline.imaging.images import at_size, decode_rgb, encode_jpeg
from faceline.imaging.parallel import ordered_map
from faceline.packed.sets import PackedWriter
from faceline.photos.photos import Photos, open_photos
from faceline.settings.variants import load_variant
from faceline.windows.windows import Window, cut, window_around

Item = TypeVar("Item")
PX = 224


def packed(photos: Photos, rows: pd.DataFrame, params: CropParams) -> None:
    """What the stage does with its photos."""
    with tempfile.TemporaryDirectory() as folder, PackedWriter(Path(folder)) as writer:
        for chunk, encoded in crop_faces(photos, rows, params):
            writer.write(chunk, encoded)


def same_windows(photos: Path, names: Sequence[str], windows: Sequence[Window], quality: int) -> None:
    """Pillow's loop with our windows, sizes and quality of JPEG."""
    with tempfile.TemporaryDirectory() as folder:
        for name, window in zip(names, windows, strict=True):
            corners = window.x, window.y, window.x + window.side, window.y + window.side
            face = Image.open(photos / name).convert("RGB").crop(corners)
            face = face.resize((window.stored_px, window.stored_px))
            face.save(Path(folder) / name, quality=quality, subsampling=0)


def boxes(photos: Path, rows: pd.DataFrame, suffix: str) -> None:
    """Pillow's loop with the boxes alone, at one size."""
    with tempfile.TemporaryDirectory() as folder:
        for name, x, y, width, height in rows[[IMAGE_ID, *BOX_COLUMNS]].itertuples(index=False):
            face = Image.open(photos / name).convert("RGB").crop((x, y, x + width, y + height))
            face.resize((PX, PX)).save((Path(folder) / name).with_suffix(suffix))


def on_all_cores(work: Callable[[Item], object], items: Iterable[Item]) -> None:
    """Does the work and keeps nothing of it."""
    deque(ordered_map(work, items), maxlen=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--celeba", type=Path, default=Path("data/celeba"))
    parser.add_argument("--photos", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    folder = options.celeba / "img_celeba"
    rows = read_file(options.celeba / "list_bbox_celeba.txt", "boxes").head(options.photos)
    names = rows[IMAGE_ID].tolist()
    params = load_variant("celeba").crop
    windows = [window_around(box, params.context, params.max_px) for box in rows[BOX_COLUMNS].to_numpy(float)]
    with open_photos(folder) as photos:

        def decode(name: str) -> np.ndarray:
            return decode_rgb(photos.read(name))

        whole = [
            cut(decode(name), replace(window, stored_px=window.side))
            for name, window in zip(names, windows, strict=True)
        ]
        stored = [at_size(face, window.stored_px) for face, window in zip(whole, windows, strict=True)]

        def code(place: int) -> None:
            decode(names[place])
            encode_jpeg(stored[place], params.jpeg_quality)

        sides: dict[str, Callable[[], object]] = {
            "crop_loop": lambda: same_windows(folder, names, windows, params.jpeg_quality),
            "crop_loop_jpg": lambda: boxes(folder, rows, ".jpg"),
            "crop_loop_png": lambda: boxes(folder, rows, ".png"),
            "crop_decode": lambda: on_all_cores(decode, names),
            "crop_code": lambda: on_all_cores(code, range(len(names))),
            "crop_shrink": lambda: on_all_cores(
                lambda place: at_size(whole[place], windows[place].stored_px), range(len(names))
            ),
        }
        figures = {
            key: alternate(side, lambda: packed(photos, rows, params), options.rounds) for key, side in sides.items()
        }
    shrunk = fmean(window.side > window.stored_px for window in windows)
    for key, ratios in figures.items():
        print(f"{key}: {spread(ratios)}")
    record(figures, {"crop_shrink": f"{shrunk:.0%} of the windows are larger than `crop.max_px`"})


if __name__ == "__main__":
    main()
