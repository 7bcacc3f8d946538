"""Finds the subjects in their original photos with a detector and aligns them, nothing taken from annotations."""

import logging
from functools import partial
from pathlib import Path

from faceline.alignment.fit.params import AlignParams
from faceline.alignment.tiles.tiles import tile_metadata
from faceline.core.columns import DEV, DISTRACTOR, QUERY, is_synthetic
from faceline.core.errors import InputError
from faceline.core.files import replacing_folder
from faceline.core.stage import run_stage
from faceline.data.crops.params import CropParams
from faceline.data.selection.selected import read_selected
from faceline.detection.detections import read_box_map
from faceline.detection.registry import load_detector
from faceline.engines.opening import open_engine
from faceline.engines.params import EngineParams
from faceline.landmarks.net.predictor import LandmarkPredictor
from faceline.models.params import RuntimeParams
from faceline.models.runtime import prepare
from faceline.packed.sets import PackedWriter, write_rejected
from faceline.photos.photos import open_photos
from faceline.wild.params import WildParams
from faceline.wild.subjects import SubjectFinder

log = logging.getLogger(__name__)


def find_wild(
    wild: WildParams,
    crop: CropParams,
    align: AlignParams,
    runtime: RuntimeParams,
    engine: EngineParams,
    images: Path,
    selected: Path,
    model: Path,
    box_map: Path,
    out: Path,
) -> None:
    """Finds the subjects of original photos with a detector and aligns them."""
    device = prepare(runtime)
    predictor = LandmarkPredictor.load(model, device)
    detector = load_detector(wild.detector, wild.settings(device.type))
    measured_for, detector.box_map = read_box_map(box_map)
    if measured_for != detector.name:
        raise InputError(f"{box_map}: measured for {measured_for}, not {detector.name}; `dvc repro detect_landmarks`")
    rows = read_selected(selected)
    rows = rows[rows.role.isin((DEV, QUERY, DISTRACTOR))].reset_index(drop=True)
    metadata = {
        "kind": "wild",
        **tile_metadata(align, "hourglass", is_synthetic(rows.image_id)),
        "detector": wild.model_dump(),
    }
    by = open_engine(engine, runtime.workers, runtime.threads, device.type == "cuda", partial(prepare, runtime))
    finder = SubjectFinder(detector, predictor, crop, align, wild.min_iou)
    with open_photos(images) as photos, replacing_folder(out) as folder:
        with PackedWriter(folder, metadata) as writer:
            rejected = finder.write_tiles(rows, photos, writer, by)
        write_rejected(folder, [rejected])
    counts = rejected.reason.value_counts().sort_index().to_dict()
    log.info("%d subjects found, %d not: %s", len(rows) - len(rejected), len(rejected), counts)


if __name__ == "__main__":
    run_stage(find_wild)
