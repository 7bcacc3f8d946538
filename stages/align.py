"""Aligns the crops."""

from functools import partial
from pathlib import Path

from faceline.alignment.crops.aligned_crops import align_crops
from faceline.alignment.fit.params import AlignParams
from faceline.alignment.tiles.tiles import tile_metadata
from faceline.core.columns import DISTRACTOR, QUERY
from faceline.core.files import replacing_folder, write_json
from faceline.core.stage import run_stage
from faceline.engines.opening import open_engine
from faceline.engines.params import EngineParams
from faceline.landmarks.net.predictor import LandmarkPredictor
from faceline.models.params import RuntimeParams
from faceline.models.runtime import prepare
from faceline.packed.sets import PackedSet, PackedWriter, write_rejected


def align(
    align: AlignParams,
    runtime: RuntimeParams,
    engine: EngineParams,
    crops: Path,
    model: Path,
    out: Path,
    annotated: Path,
    metrics: Path,
    report: Path,
) -> None:
    """Samples each crop's face onto the ArcFace template, measured people's by annotated landmarks as well."""
    device = prepare(runtime)
    predictor = LandmarkPredictor.load(model, device)
    by = open_engine(engine, runtime.workers, runtime.threads, device.type == "cuda", partial(prepare, runtime))
    packed = PackedSet(crops)
    synthetic = packed.metadata["synthetic"]
    metadata = {"kind": "aligned", **tile_metadata(align, "hourglass", synthetic)}
    beside = {"kind": "annotated", **tile_metadata(align, "annotated", synthetic)}
    with replacing_folder(out) as folder, replacing_folder(annotated) as other:
        with PackedWriter(folder, metadata) as writer, PackedWriter(other, beside) as annotated_writer:
            record = align_crops(packed, predictor, align, writer, annotated_writer, (QUERY, DISTRACTOR), by)
        write_rejected(folder, record.rejected)
        write_rejected(other, record.annotated_rejected)
    with replacing_folder(report) as folder:
        record.draw(folder)
    write_json(metrics, record.metrics())


if __name__ == "__main__":
    run_stage(align)
