"""Runs the detector on some photos of the landmark set."""

import logging
from pathlib import Path

import numpy as np

from faceline.core.stage import run_stage
from faceline.detection.detections import write_box_map
from faceline.detection.params import DetectionParams
from faceline.detection.registry import load_detector
from faceline.imaging.images import decode_rgb
from faceline.imaging.parallel import ordered_map
from faceline.imaging.progress import track
from faceline.landmarks.detected.detected_faces import DETECTED_BOX, choose_faces, detect_faces, write_detected
from faceline.models.params import RuntimeParams
from faceline.models.runtime import prepare
from faceline.packed.sets import PackedSet
from faceline.photos.photos import open_photos

log = logging.getLogger(__name__)


def detect_landmarks(
    detection: DetectionParams, runtime: RuntimeParams, crops: Path, images: Path, out: Path, box_map: Path
) -> None:
    """Notes what the detector finds on a sample of the set, and measures the map from its boxes to annotated ones."""
    detector = load_detector(detection.detector, detection.settings(prepare(runtime).type))
    rows = PackedSet(crops).rows
    rows = rows[choose_faces(rows)].reset_index(drop=True)

    def find(photo: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        (found,) = detector.find([photo])
        return found.boxes, found.points

    with open_photos(images) as photos:
        decoded = ordered_map(lambda name: decode_rgb(photos.read(name), name), rows.image_id)
        table, measured = detect_faces(rows, track(decoded, "detect", len(rows)), find)
    missed = int(table[DETECTED_BOX[0]].isna().sum())
    log.info("%s missed %d of %d faces; its boxes map by %s", detector.name, missed, len(rows), measured)
    write_detected(out, detector.name, table)
    write_box_map(box_map, detector.name, measured)


if __name__ == "__main__":
    run_stage(detect_landmarks)
