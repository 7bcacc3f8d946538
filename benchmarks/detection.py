"""How many annotated faces each detector finds, and how fast, on the held-out photos of a landmark set.

    python -m benchmarks.detection --source mtfl --annotations data/mtfl/trainImageList.txt --images data/mtfl
    python -m benchmarks.detection ... --yunet face_detection_yunet_2023mar.onnx

A face is found when some detection overlaps its box by IoU 0.4 or more. Detectors draw boxes of their own shapes, so
each detection is measured by CelebA's box round the five points that it comes with; the annotated box is in CelebA's
convention already. facenet-pytorch's MTCNN runs with its defaults, one photo at a time.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from faceline.boxes.boxes import box_around, iou
from faceline.core.columns import BOX_COLUMNS
from faceline.detection.detections import Detector, DetectorSettings
from faceline.detection.registry import load_detector
from faceline.imaging.images import decode_rgb
from faceline.landmarks.sets.sources import read_landmark_set
from faceline.models.runtime import prepare
from faceline.photos.photos import open_photos
from faceline.settings.schema import load_params

BATCH = 16
MIN_IOU = 0.4

Find = Callable[[Sequence[np.ndarray]], Iterator[np.ndarray]]


def in_batches(detector: Detector) -> Find:
    """The five points of every face of every photo, photos taken together."""

    def find(photos: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
        for start in range(0, len(photos), BATCH):
            yield from (found.points for found in detector.find(photos[start : start + BATCH]))

    return find


def one_by_one(photos: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """facenet-pytorch's MTCNN."""
    from facenet_pytorch import MTCNN

    mtcnn = MTCNN(keep_all=True)
    for photo in photos:
        _, _, points = mtcnn.detect(photo, landmarks=True)
        yield np.empty((0, 5, 2)) if points is None else np.asarray(points, float)


def measured(find: Find, photos: Sequence[np.ndarray], truth: np.ndarray) -> dict[str, float]:
    """Recall and speed of one detector."""
    list(find(photos[:BATCH]))
    started = time.perf_counter()
    found = list(find(photos))
    seconds = time.perf_counter() - started
    hits = [iou(box_around(points), box).max(initial=0) >= MIN_IOU for points, box in zip(found, truth, strict=True)]
    return {
        "recall": round(float(np.mean(hits)), 4),
        "missed": int(len(hits) - np.sum(hits)),
        "faces_a_photo": round(float(np.mean([len(points) for points in found])), 3),
        "photos_per_s": round(len(photos) / seconds, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", choices=["mtfl", "keypoints68"], required=True)
    parser.add_argument("--annotations", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--yunet", type=Path, help="YuNet's ONNX file")
    options = parser.parse_args()
    params = load_params()
    device = prepare(params.runtime)
    rows, _ = read_landmark_set(options.source, options.annotations)
    rows = rows[rows.split == "test"]
    with open_photos(options.images) as source:
        photos = [decode_rgb(source.read(name), name) for name in rows.image_id]
    wild = params.wild
    detectors: dict[str, Find] = {"facenet-pytorch, defaults": one_by_one}
    for smallest in sorted({20, wild.min_face_px}):
        settings = DetectorSettings("none", smallest, wild.max_photo_px, wild.min_score, device.type)
        detectors[f"mtcnn, faces of {smallest} px and more"] = in_batches(load_detector("mtcnn", settings))
    if options.yunet:
        settings = DetectorSettings(str(options.yunet), 0, wild.max_photo_px)
        detectors["yunet"] = in_batches(load_detector("yunet", settings))
    truth = rows[BOX_COLUMNS].to_numpy(float)
    results = {name: measured(find, photos, truth) for name, find in detectors.items()}
    print(json.dumps({"photos": len(photos), "iou": MIN_IOU, **results}, indent=2))


if __name__ == "__main__":
    main()
