"""Measures the recogniser on people it has never seen, at thresholds frozen on yet others."""

import logging
from pathlib import Path

from faceline.core.files import replacing_folder, write_json
from faceline.core.stage import run_stage
from faceline.evaluation.embeddings.table import read_embeddings
from faceline.evaluation.recognition.recognition_figures import recognition_figures
from faceline.evaluation.recognition.sheets import write_sheets
from faceline.evaluation.verification.calibration import Calibration
from faceline.evaluation.verification.params import EvaluationParams
from faceline.evaluation.verification.roles import dev_comparisons, query_comparisons
from faceline.packed.sets import PackedSet

log = logging.getLogger(__name__)


def evaluate_recognition(
    evaluation: EvaluationParams, embeddings: Path, aligned: Path, calibration: Path, metrics: Path, report: Path
) -> None:
    """Measures ID rates, groups and searches, and writes the dev people's impostor tail for later use."""
    table = read_embeddings(embeddings)
    comparisons = query_comparisons(table)
    frozen = Calibration.of(
        dev_comparisons(table), table.metadata.get("model", ""), evaluation.block_mb, evaluation.seed
    )
    figures = recognition_figures(table, comparisons, frozen, evaluation)
    with replacing_folder(report) as folder:
        figures.write(folder)
        write_sheets(folder, table, comparisons, figures.hardest_impostors, PackedSet(aligned))
    frozen.write(calibration)
    write_json(metrics, figures.metrics)
    for target, threshold, achieved in figures.achieved:
        log.info("dev threshold %.4f for FPR %g: %s on query people", threshold, target, achieved)
    log.info(
        "ID rate at FPR 1e-2: %s; searches among %d people",
        figures.metrics["tpr_at_fpr_1e-2"],
        figures.metrics["gallery_size"],
    )


if __name__ == "__main__":
    run_stage(evaluate_recognition)
