"""How long `faceline identify` takes to its first answer, whole process, and what of that is importing libraries.

    python -m benchmarks.first_answer --models models --photo PHOTO --boxes data/sample/list_bbox_celeba.txt

Two ways: PyTorch with MTCNN, and ONNX Runtime with given boxes. Each runs several times in a new process; the time of
imports is the sum that Python's `-X importtime` reports in one more run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

COMMAND = [sys.executable, "-m", "faceline.cli.main"]


def seconds(arguments: list[str]) -> float:
    """One whole process."""
    started = time.perf_counter()
    subprocess.run([*COMMAND, *arguments], check=True, capture_output=True)
    return time.perf_counter() - started


def import_seconds(arguments: list[str]) -> float:
    """Time inside import statements: the modules' own times, which add up without counting any twice."""
    command = [sys.executable, "-X", "importtime", *COMMAND[1:], *arguments]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stderr.splitlines()
    own = [
        line.removeprefix("import time:").split("|")[0].strip() for line in lines if line.startswith("import time:")
    ]
    return sum(int(value) for value in own if value.isdigit()) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--photo", required=True)
    parser.add_argument("--boxes", required=True, help="a file with the box of the photo's face")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        onnx = str(Path(folder) / "onnx")
        subprocess.run([*COMMAND, "export-onnx", onnx, "--models", options.models], check=True, capture_output=True)
        ways = {
            "torch, mtcnn": ["--models", str(options.models)],
            "onnx, boxes": ["--models", onnx, "--runtime", "onnx", "--detector", "boxes", "--boxes", options.boxes],
        }
        for name, how in ways.items():
            gallery = str(Path(folder) / f"{name}.db")
            subprocess.run(
                [*COMMAND, "enroll", "Somebody", options.photo, "--gallery", gallery, *how],
                check=True,
                capture_output=True,
            )
            ask = ["identify", options.photo, "--gallery", gallery, *how]
            whole = median(seconds(ask) for _ in range(options.rounds))
            imports = import_seconds(ask)
            results[name] = {"whole_s": whole, "imports_s": imports, "over_imports_s": whole - imports}
    rounded = {name: {key: round(value, 2) for key, value in row.items()} for name, row in results.items()}
    print(json.dumps(rounded, indent=2))


if __name__ == "__main__":
    main()
