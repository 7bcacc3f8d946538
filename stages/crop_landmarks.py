"""Cuts the faces of the landmark set out of their photos."""

import logging
from pathlib import Path

from faceline.core.files import replacing_folder
from faceline.core.stage import run_stage
from faceline.data.crops.params import CropParams
from faceline.engines.opening import open_engine
from faceline.engines.params import EngineParams
from faceline.landmarks.sets.params import LandmarkSetParams
from faceline.landmarks.sets.preparation import crop_set
from faceline.landmarks.sets.sources import read_landmark_set
from faceline.packed.sets import PackedWriter, write_rejected
from faceline.photos.photos import open_photos

log = logging.getLogger(__name__)


def crop_landmarks(
    landmarks: LandmarkSetParams, crop: CropParams, engine: EngineParams, annotations: Path, images: Path, out: Path
) -> None:
    """Stores a window round each annotated face."""
    rows, known = read_landmark_set(landmarks.source, annotations)
    metadata = {"kind": "landmark_crops", "source": landmarks.source, **known}
    with open_photos(images) as photos, replacing_folder(out) as folder:
        with PackedWriter(folder, metadata) as writer:
            rejected = crop_set(rows, photos, crop, writer, open_engine(engine))
        write_rejected(folder, [rejected])
    log.info("%d faces, %d left out", len(rows) - len(rejected), len(rejected))


if __name__ == "__main__":
    run_stage(crop_landmarks)
