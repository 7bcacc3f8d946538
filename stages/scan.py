"""Reads every photo once."""

from pathlib import Path

from faceline.annotations.celeba import read_file
from faceline.core.files import replacing
from faceline.core.stage import run_stage
from faceline.data.scan.params import DataParams
from faceline.data.scan.scan import refuse_unreadable, scan_photos
from faceline.engines.opening import open_engine
from faceline.engines.params import EngineParams
from faceline.photos.photos import open_photos


def scan(data: DataParams, engine: EngineParams, images: Path, landmarks: Path, out: Path) -> None:
    """Notes size, readability, sharpness and perceptual hashes of every photo."""
    points = read_file(landmarks, "landmarks")
    with open_photos(images) as photos:
        rows = scan_photos(photos, points, open_engine(engine))
    refuse_unreadable(rows, data.max_unreadable)
    with replacing(out) as path:
        rows.to_parquet(path, index=False)


if __name__ == "__main__":
    run_stage(scan)
