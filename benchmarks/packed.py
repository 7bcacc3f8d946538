"""A packed set of faces against a folder with a file a face: written and put under DVC, and DVC's look at both.

    python -m benchmarks.packed --faces 25000

A face is as many random bytes as a crop of a CelebA photo has: neither side looks into them. DVC runs as a command,
with its usual settings, in a folder of its own that is made anew for each round.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

from benchmarks.alternating import record, seconds, spread
from faceline.core.columns import IMAGE_ID
from faceline.packed.sets import ROWS_PER_GROUP, PackedWriter

FACE_BYTES = 34_000  # the mean of a crop's JPEG over 800 photos of CelebA with params/base.yaml


def as_files(folder: Path, faces: list[bytes]) -> None:
    for number, face in enumerate(faces):
        (folder / f"{number:06d}.jpg").write_bytes(face)


def as_packed_set(folder: Path, faces: list[bytes]) -> None:
    with PackedWriter(folder) as writer:
        for start in range(0, len(faces), ROWS_PER_GROUP):
            part = faces[start : start + ROWS_PER_GROUP]
            writer.write(pd.DataFrame({IMAGE_ID: [f"{start + row:06d}.jpg" for row in range(len(part))]}), part)


def taken(write: Callable[[Path, list[bytes]], None], faces: list[bytes]) -> tuple[float, float]:
    """Seconds to write faces and put them under DVC, and seconds of `dvc status` afterwards."""
    with tempfile.TemporaryDirectory(dir=".") as place:
        root = Path(place)
        _dvc(root, "init", "--no-scm")
        (root / "faces").mkdir()
        added = seconds(lambda: (write(root / "faces", faces), _dvc(root, "add", "faces")))
        return added, seconds(lambda: _dvc(root, "status"))


def _dvc(folder: Path, *words: str) -> None:
    environment = os.environ | {"DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(folder.resolve() / "site")}
    command = [sys.executable, "-m", "dvc", *words, "--quiet"]
    subprocess.run(command, cwd=folder, env=environment, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", type=int, default=25_000)
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    faces = [rng.bytes(FACE_BYTES) for _ in range(options.faces)]
    both = [(taken(as_files, faces), taken(as_packed_set, faces)) for _ in range(options.rounds)]
    added, status = ([files[step] / packed[step] for files, packed in both] for step in (0, 1))
    of_packed = median(packed[1] for _, packed in both)
    note = f"`dvc status` of the packed set {of_packed:.1f} s"
    print(f"written and added, files over a packed set: {spread(added)}")
    print(f"dvc status, files over a packed set: {spread(status)}; {note}")
    record({"dvc_add": added, "dvc_status": status}, {"dvc_status": note})


if __name__ == "__main__":
    main()
