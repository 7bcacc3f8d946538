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
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from PIL import Image

import stages  # noqa: F401  stages keep the memory that they free: so do both sides here
from benchmarks.alternating import alternate, record, spread
from faceline.annotations.celeba import read_file
from faceline.core.columns import BOX_COLUMNS, IMAGE_ID
from faceline.data.crops.cropping import crop_faces
from faceline.data.crops.params import CropParams
from faceline.imaging.images import decode_rgb, encode_jpeg
from faceline.imaging.parallel import ordered_map
from faceline.packed.sets import PackedWriter
from faceline.photos.photos import Photos, open_photos
from faceline.windows.windows import window_around

PX = 224


def packed(photos: Photos, rows: pd.DataFrame, params: CropParams) -> None:
    """What the stage does with its photos."""
    with tempfile.TemporaryDirectory() as folder, PackedWriter(Path(folder)) as writer:
        for chunk, encoded in crop_faces(photos, rows, params):
            writer.write(chunk, encoded)


def same_windows(photos: Path, rows: pd.DataFrame, params: CropParams) -> None:
    """Pillow's loop with our windows, sizes and quality of JPEG."""
    with tempfile.TemporaryDirectory() as folder:
        for name, *box in rows[[IMAGE_ID, *BOX_COLUMNS]].itertuples(index=False):
            window = window_around(pd.Series(box).to_numpy(float), params.context, params.max_px)
            corners = window.x, window.y, window.x + window.side, window.y + window.side
            face = Image.open(photos / name).convert("RGB").crop(corners)
            face = face.resize((window.stored_px, window.stored_px))
            face.save(Path(folder) / name, quality=params.jpeg_quality, subsampling=0)


def boxes(photos: Path, rows: pd.DataFrame, suffix: str) -> None:
    """Pillow's loop with the boxes alone, at one size."""
    with tempfile.TemporaryDirectory() as folder:
        for name, x, y, width, height in rows[[IMAGE_ID, *BOX_COLUMNS]].itertuples(index=False):
            face = Image.open(photos / name).convert("RGB").crop((x, y, x + width, y + height))
            face.resize((PX, PX)).save((Path(folder) / name).with_suffix(suffix))


def decoded(photos: Photos, rows: pd.DataFrame) -> None:
    """The photos, read and decoded on all cores."""
    deque(ordered_map(lambda name: decode_rgb(photos.read(name)), rows[IMAGE_ID]), maxlen=0)


def coded(photos: Photos, rows: pd.DataFrame, windows: Sequence[np.ndarray], quality: int) -> None:
    """The photos, read and decoded, and windows that are there already encoded, on all cores."""

    def both(one: tuple[str, np.ndarray]) -> None:
        decode_rgb(photos.read(one[0]))
        encode_jpeg(one[1], quality)

    deque(ordered_map(both, zip(rows[IMAGE_ID], windows, strict=True)), maxlen=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--celeba", type=Path, default=Path("data/celeba"))
    parser.add_argument("--photos", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    folder = options.celeba / "img_celeba"
    rows = read_file(options.celeba / "list_bbox_celeba.txt", "boxes").head(options.photos)
    params = CropParams(**yaml.safe_load(Path("params/base.yaml").read_text())["crop"])
    with open_photos(folder) as photos:
        windows = [decode_rgb(jpeg) for _, jpegs in crop_faces(photos, rows, params) for jpeg in jpegs]
        figures = {
            "crop_loop": alternate(
                lambda: same_windows(folder, rows, params), lambda: packed(photos, rows, params), options.rounds
            ),
            **{
                f"crop_loop_{suffix}": alternate(
                    lambda suffix=suffix: boxes(folder, rows, f".{suffix}"),
                    lambda: packed(photos, rows, params),
                    options.rounds,
                )
                for suffix in ("jpg", "png")
            },
            "crop_decode": alternate(
                lambda: decoded(photos, rows), lambda: packed(photos, rows, params), options.rounds
            ),
            "crop_code": alternate(
                lambda: coded(photos, rows, windows, params.jpeg_quality),
                lambda: packed(photos, rows, params),
                options.rounds,
            ),
        }
    for key, ratios in figures.items():
        print(f"{key}: {spread(ratios)}")
    record(figures)


if __name__ == "__main__":
    main()
