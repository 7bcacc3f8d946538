"""YuNet and SFace over a folder of photos: faceline against the usual OpenCV loop, in turns, on the same photos.

The usual loop reads a photo, detects, aligns every face and takes its feature, one photo after the other, with the
threads that OpenCV takes by itself. Both give an embedding of every face of at least the stated size. Each round is a
process of its own, so that its peak memory is its own too; the time it states leaves out imports and the loading of
models.

    python -m benchmarks.field PHOTOS --count 200 --rounds 3
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

MIN_FACE_PX = 40
SCORE = 0.8
MAX_PHOTO_PX = 1024


class Clock:
    """Seconds and processor seconds since it was made."""

    def __init__(self) -> None:
        self._start, self._used = time.perf_counter(), time.process_time()

    def read(self) -> dict[str, float]:
        return {"seconds": time.perf_counter() - self._start, "processor": time.process_time() - self._used}


def usual(paths: list[Path]) -> tuple[dict[str, float], list[np.ndarray]]:
    """OpenCV's own loop, as its samples have it."""
    import cv2

    from faceline.field.cache import model_path

    detector = cv2.FaceDetectorYN.create(str(model_path("yunet")), "", (320, 320), SCORE)
    recognizer = cv2.FaceRecognizerSF.create(str(model_path("sface")), "")
    clock = Clock()
    vectors = []
    for path in paths:
        image = cv2.imread(str(path))
        detector.setInputSize(image.shape[1::-1])
        _, faces = detector.detect(image)
        for face in faces if faces is not None else []:
            if min(face[2:4]) >= MIN_FACE_PX:
                vectors.append(recognizer.feature(recognizer.alignCrop(image, face))[0])
    return clock.read(), vectors


def ours(paths: list[Path]) -> tuple[dict[str, float], list[np.ndarray]]:
    """The tool's pipeline."""
    from faceline.pipeline.load import load
    from faceline.pipeline.photo_files import read_photos
    from faceline.pipeline.setup import Setup

    setup = Setup(recognizer="sface", min_face_px=MIN_FACE_PX, min_score=SCORE, max_photo_px=MAX_PHOTO_PX)
    pipeline = load(setup, "embed").pipeline
    clock = Clock()
    vectors = [
        face.embedding
        for found in pipeline.run(read_photos(paths))
        for face in found.faces
        if face.embedding is not None
    ]
    return clock.read(), vectors


WAYS = {"usual": usual, "ours": ours}


def measure(way: str, folder: Path, count: int) -> dict:
    """One round in this process: seconds, processor seconds, faces, peak memory in MB."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".png"))[:count]
    taken, vectors = WAYS[way](paths)
    return {
        "photos": len(paths),
        **taken,
        "faces": len(vectors),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--way", choices=WAYS, help="one round of this way, as JSON")
    options = parser.parse_args()
    if options.way:
        print(json.dumps(measure(options.way, options.photos, options.count)))
        return
    command = [sys.executable, "-m", "benchmarks.field", str(options.photos), "--count", str(options.count), "--way"]
    rounds: dict[str, list[dict]] = {way: [] for way in WAYS}
    for _ in range(options.rounds):
        for way, done in rounds.items():
            answer = subprocess.run([*command, way], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            done.append(json.loads(answer.stdout))
            print(way, done[-1], file=sys.stderr, flush=True)
    photos = rounds["ours"][0]["photos"]
    print(f"{photos} photos, {os.cpu_count()} cores, {options.rounds} rounds in turns; best of each")
    print(f"{'':<8}{'photos/s':>10}{'processor ms/photo':>20}{'faces':>7}{'peak MB':>9}")
    best = {}
    for way, done in rounds.items():
        best[way] = min(one["seconds"] for one in done), min(one["processor"] for one in done)
        faces, peak = done[0]["faces"], max(one["peak_mb"] for one in done)
        seconds, processor = best[way]
        print(f"{way:<8}{photos / seconds:>10.1f}{processor / photos * 1e3:>20.1f}{faces:>7}{peak:>9.0f}")
    wall, processor = (theirs / own for theirs, own in zip(best["usual"], best["ours"], strict=True))
    print(f"ratio   {wall:>10.2f}{processor:>20.2f}")


if __name__ == "__main__":
    main()
