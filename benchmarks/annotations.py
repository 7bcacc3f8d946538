"""Reading, merging and filtering annotations of CelebA's size: seconds, and memory at its peak.

    python -m benchmarks.annotations

Makes 202,599 rows in CelebA's own layout, measures in a process of its own, and prints one line.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from faceline.annotations.celeba import read_annotations, write_celeba
from faceline.core.columns import ATTRIBUTES, BOX_COLUMNS, IMAGE_ID, PERSON, POINT_COLUMNS
from faceline.data.filtering.rejection import join_photos, rejection_reasons
from faceline.data.filtering.roles import select
from faceline.settings.variants import load_variant

ROWS, PEOPLE = 202_599, 10_177
FILES = ("identity_CelebA.txt", "list_attr_celeba.txt", "list_bbox_celeba.txt", "list_landmarks_celeba.txt")
POINTS = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.75], [0.65, 0.75]])


def write_rows(folder: Path) -> None:
    """Made-up annotations and scan of a data set as large as CelebA."""
    rng = np.random.default_rng(1)
    names = [f"{number:06d}.jpg" for number in range(1, ROWS + 1)]
    boxes = np.column_stack([rng.integers(20, 120, (ROWS, 2)), rng.integers(95, 300, (ROWS, 2))])
    points = (boxes[:, None, :2] + boxes[:, None, 2:] * POINTS).astype(int).reshape(ROWS, 10)
    attributes = rng.random((ROWS, len(ATTRIBUTES))) < 0.05
    table = pd.DataFrame({IMAGE_ID: names, PERSON: rng.integers(1, PEOPLE + 1, ROWS)})
    parts = zip((BOX_COLUMNS, POINT_COLUMNS, ATTRIBUTES), (boxes, points, attributes), strict=True)
    write_celeba(folder, pd.concat([table, *(pd.DataFrame(v, columns=columns) for columns, v in parts)], axis=1))
    scan = pd.DataFrame({"image_id": names, "readable": True, "reason": "", "width": 512, "height": 640})
    hashes = rng.integers(0, 2**64, ROWS, dtype=np.uint64)
    scan.assign(hash=hashes, sharpness=np.float32(500)).to_parquet(folder / "photos.parquet")


def peak_memory_mb() -> float:
    """The process's own high-water mark; getrusage would carry over that of the process that started it."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def measure(folder: Path) -> None:
    """Reads, merges, rejects and selects, and prints seconds, megabytes above the imports, and rows."""
    params, smaller = (load_variant(name).filter for name in ("celeba", "sample"))
    imports_mb = peak_memory_mb()
    start = time.perf_counter()
    joined = join_photos(
        read_annotations(*(folder / name for name in FILES)), pd.read_parquet(folder / "photos.parquet")
    )
    reasons = rejection_reasons(joined, params)
    filtered = time.perf_counter()
    selected = select(joined[reasons == ""], params.model_copy(update={"roles": smaller.roles}))
    end = time.perf_counter()
    peak_mb = peak_memory_mb()
    print(
        f"{len(joined)} rows: read, merged and filtered in {filtered - start:.2f} s, roles in "
        f"{end - filtered:.2f} s; peak {peak_mb:.0f} MB, of which imports {imports_mb:.0f} MB; {len(selected)} chosen"
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as made:
            write_rows(Path(made))
            subprocess.run([sys.executable, "-m", "benchmarks.annotations", made], check=True)
