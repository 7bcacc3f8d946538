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
PLACE = Path(".faceline")  # on the disk that the stages write to


def as_files(folder: Path, faces: list[bytes]) -> None:
    for number, face in enumerate(faces):
        (folder / f"{number:06d}.jpg").write_bytes(face)


def as_packed_set(folder: Path, faces: list[bytes]) -> None:
    with PackedWriter(folder) as writer:
        for start in range(0, len(faces), ROWS_PER_GROUP):
            part = faces[start : start + ROWS_PER_GROUP]
            writer.write(pd.DataFrame({IMAGE_ID: [f"{start + row:06d}.jpg" for row in range(len(part))]}), part)


def taken(write: Callable[[Path, list[bytes]], None], faces: list[bytes]) -> tuple[float, float, float]:
    """Seconds to write faces, to put them under DVC, and of `dvc status` afterwards."""
    PLACE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=PLACE) as place:
        root = Path(place)
        _dvc(root, "init", "--no-scm")
        (root / "faces").mkdir()
        written = seconds(lambda: write(root / "faces", faces))
        return written, seconds(lambda: _dvc(root, "add", "faces")), seconds(lambda: _dvc(root, "status"))


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
    added = [sum(files[:2]) / sum(packed[:2]) for files, packed in both]
    status = [files[2] / packed[2] for files, packed in both]
    written, dvc_add, dvc_status = (median(packed[step] for _, packed in both) for step in range(3))
    notes = {
        "dvc_add": f"the packed set {written:.1f} s and {dvc_add:.1f} s",
        "dvc_status": f"the packed set {dvc_status:.1f} s",
    }
    print(f"written and added, files over a packed set: {spread(added)}; {notes['dvc_add']}")
    print(f"dvc status, files over a packed set: {spread(status)}; {notes['dvc_status']}")
    record({"dvc_add": added, "dvc_status": status}, notes)


if __name__ == "__main__":
    main()
