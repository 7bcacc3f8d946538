"""Aligns the crops."""

from pathlib import Path

from faceline.core.files import replacing_folder, write_json
from faceline.packed.sets import REJECTED, PackedSet, PackedWriter
from faceline.alignment.fit.params import AlignParams
from faceline.models.runtime import RuntimeParams
from faceline.models.runtime import prepare
from faceline.core.stage import run_stage
from faceline.alignment.fit.tiles import align_crops, draw_alignment, tile_metadata
from faceline.landmarks.net.predictor import LandmarkPredictor


def align(
    align: AlignParams, runtime: RuntimeParams, crops: Path, model: Path, out: Path, metrics: Path, report: Path
) -> None:
    """Finds each crop's landmarks and samples its face onto the ArcFace template."""
    predictor = LandmarkPredictor.load(model, prepare(runtime))
    metadata = {"kind": "aligned", **tile_metadata(align, predictor)}
    with replacing_folder(out) as folder:
        with PackedWriter(folder, metadata) as writer:
            record = align_crops(PackedSet(crops), predictor, align, writer)
        record.rejected.to_csv(folder / REJECTED, index=False)
    with replacing_folder(report) as folder:
        draw_alignment(record, folder)
    write_json(metrics, record.metrics)


if __name__ == "__main__":
    run_stage(align)
