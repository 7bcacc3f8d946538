"""Finds the subjects in their original photos with a detector and aligns them, nothing taken from annotations."""

from __future__ import annotations

import logging
from pathlib import Path

import pandas as pd

from faceline.core.files import replacing_folder
from faceline.packed.sets import REJECTED, PackedWriter
from faceline.alignment.fit.params import AlignParams
from faceline.models.runtime import RuntimeParams
from faceline.wild.params import WildParams
from faceline.models.runtime import prepare
from faceline.core.stage import run_stage
from faceline.photos.photos import open_photos
from faceline.alignment.fit.tiles import tile_metadata
from faceline.landmarks.net.predictor import LandmarkPredictor
from faceline.detection.detectors_old import MtcnnDetector
from faceline.detectors.mtcnn_torch import torch_nets
from faceline.wild.subjects import ROLES, find_subjects

LOG = logging.getLogger(__name__)


def find_wild(
    wild: WildParams,
    align: AlignParams,
    runtime: RuntimeParams,
    images: Path,
    selected: Path,
    model: Path,
    out: Path,
) -> None:
    """Finds the subjects of original photos with a detector and aligns them."""
    device = prepare(runtime)
    predictor = LandmarkPredictor.load(model, device)
    detector = MtcnnDetector(torch_nets(device), wild.min_face_px, wild.max_photo_px, wild.min_score)
    rows = pd.read_csv(selected, keep_default_na=False)
    rows = rows[rows.role.isin(ROLES)].reset_index(drop=True)
    metadata = {
        **tile_metadata(align, predictor),
        "kind": "wild",
        "detector": {"name": wild.detector, **wild.model_dump(exclude={"detector"})},
    }
    with open_photos(images) as photos, replacing_folder(out) as folder:
        with PackedWriter(folder, metadata) as writer:
            rejected = find_subjects(
                rows, photos, detector, predictor, align, wild.min_iou, writer, max(1, runtime.workers)
            )
        rejected.to_csv(folder / REJECTED, index=False)
    LOG.info("%d subjects found, %d not: %s", len(rows) - len(rejected), len(rejected), _reasons(rejected))


def _reasons(rejected: pd.DataFrame) -> str:
    counts = rejected.reason.value_counts().sort_index()
    return ", ".join(f"{reason} {count}" for reason, count in counts.items()) or "none"


if __name__ == "__main__":
    run_stage(find_wild)
