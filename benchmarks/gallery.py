"""The gallery at size: enrolling, loading and searching, the last against the bare matrix product in the same run.

python -m benchmarks.gallery --people 100000
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.alternating import alternate, record, seconds, spread
from faceline.galleries.gallery import Gallery
from faceline.galleries.identification import fixed_point, identify
from faceline.galleries.rows import PhotoRow

DIM = 512
BATCH = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=100_000)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    with (
        tempfile.TemporaryDirectory() as folder,
        Gallery.open_or_create(Path(folder) / "people.db", "0" * 64, DIM) as gallery,
    ):
        times = []
        for start in range(0, options.people, BATCH):
            count = min(BATCH, options.people - start)
            vectors = rng.normal(size=(count, DIM)).astype(np.float32)
            rows = [PhotoRow(f"person {start + row:06d}", "1.jpg", vectors[row], "") for row in range(count)]
            times.append(seconds(lambda rows=rows: gallery.add(rows)))
        print(f"enrolling {BATCH:,} people at once: first {times[0]:.2f} s, last {times[-1]:.2f} s")
        load = seconds(gallery.references)
        references = gallery.references()
        thresholds = fixed_point(0.5, references.photos).of(references)
        probe = references.embeddings[[len(references.names) // 2]]
        matrix = references.embeddings.copy()
        search = alternate(
            lambda: identify(probe, references, thresholds, repeats=False), lambda: probe @ matrix.T, rounds=20
        )
        print(f"loading {len(references.names):,} people: {load:.2f} s")
        print(f"one search: {spread(search)} x the bare product")
    record({"gallery_search": search})


if __name__ == "__main__":
    main()
