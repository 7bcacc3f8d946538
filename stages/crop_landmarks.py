"""Cuts the faces of the landmark set out of their photos."""

import logging
from pathlib import Path

from faceline.core.files import replacing_folder
from faceline.packed.sets import PackedWriter
from faceline.data.crops.params import CropParams
from faceline.landmarks.training.params import LandmarkParams
from faceline.core.stage import run_stage
from faceline.data.crops.cropping import crop_faces
from faceline.photos.photos import open_photos
from faceline.landmarks.sets.preparation import prepare_set
from faceline.landmarks.sets.detections import mtcnn_finder
from faceline.landmarks.sets.sources import labels_of, read_landmark_set

log = logging.getLogger(__name__)


def crop_landmarks(landmarks: LandmarkParams, crop: CropParams, annotations: Path, images: Path, out: Path) -> None:
    """Stores a window round each annotated face, and what MTCNN finds on a sample of the photos."""
    rows = read_landmark_set(landmarks, annotations)
    with open_photos(images) as photos:
        prepared = prepare_set(rows, photos, mtcnn_finder())
        log.info(
            "%d faces, %s left out, MTCNN missed %d of %d",
            len(prepared.rows),
            prepared.defects or "none",
            prepared.missed,
            prepared.looked,
        )
        metadata = {
            "kind": "landmark_crops",
            "source": landmarks.source,
            "labels": labels_of(landmarks, rows),
            "box_map": prepared.box_map.to_facts(),
            "defects": prepared.defects,
            "detector_looked": prepared.looked,
            "detector_missed": prepared.missed,
        }
        with replacing_folder(out) as folder, PackedWriter(folder, metadata) as writer:
            for facts, encoded in crop_faces(photos, prepared.rows, crop):
                writer.write(facts, encoded)


if __name__ == "__main__":
    run_stage(crop_landmarks)
