"""Measures the recogniser on faces that a detector found in the original photos, and what each step costs."""

import logging
import tempfile
from pathlib import Path

from faceline.core.errors import InputError
from faceline.core.files import read_json, replacing_folder, write_json
from faceline.models.model_file import model_hash
from faceline.packed.sets import REJECTED, PackedSet, PackedWriter
from faceline.alignment.fit.params import AlignParams
from faceline.evaluation.verification.params import EvaluationParams
from faceline.models.runtime import RuntimeParams
from faceline.models.runtime import prepare
from faceline.core.stage import run_stage
from faceline.evaluation.calibration import Calibration
from faceline.evaluation.id_figures import id_figures
from faceline.evaluation.rates import to_metrics
from faceline.evaluation.roles import DISTRACTOR, QUERY, query_comparisons
from faceline.evaluation.wild_figures import wild_figures
from faceline.alignment.fit.tiles import align_annotated
from faceline.recognition.embedding.embedder import Embedder
from faceline.recognition.embedding.packed_faces import embed_packed, read_rejected

LOG = logging.getLogger(__name__)


def evaluate_wild(
    align: AlignParams,
    evaluation: EvaluationParams,
    runtime: RuntimeParams,
    wild: Path,
    crops: Path,
    model: Path,
    calibration: Path,
    recognition: Path,
    metrics: Path,
    report: Path,
) -> None:
    """Embeds the detected faces and measures them at the thresholds frozen on dev people."""
    frozen = Calibration.read(calibration)
    digest = model_hash(model)
    if frozen.model != digest:
        raise InputError(f"{calibration}: made with another model than {model}; run `dvc repro evaluate_recognition`")
    packed = PackedSet(wild)
    embedder = Embedder.load(model, prepare(runtime))
    embedder.check_alignment(packed.metadata, str(wild))
    rejected = read_rejected(wild / REJECTED, packed.facts)
    table = embed_packed(packed, rejected, embedder, evaluation.flip, runtime.workers, {"model": digest})
    figures = wild_figures(table, query_comparisons(table), frozen, evaluation)
    with tempfile.TemporaryDirectory() as scratch:
        with PackedWriter(Path(scratch)) as writer:
            rejected = align_annotated(PackedSet(crops), (QUERY, DISTRACTOR), align, writer)
        annotated = embed_packed(PackedSet(Path(scratch)), rejected, embedder, evaluation.flip, runtime.workers, {})
    by_hand = id_figures(query_comparisons(annotated), frozen, evaluation)
    with replacing_folder(report) as folder:
        figures.write(folder, read_json(recognition), to_metrics(by_hand.rates))
    write_json(metrics, figures.metrics)
    LOG.info(
        "detection recall %.4f; ID rate at FPR 1e-2: %s",
        *(figures.metrics[k] for k in ("detection_recall", "tpr_at_fpr_1e-2")),
    )


if __name__ == "__main__":
    run_stage(evaluate_wild)
