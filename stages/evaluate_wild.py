"""Measures the recogniser on faces that a detector found in the original photos, and what each step costs."""

import logging
from pathlib import Path

from faceline.core.errors import InputError
from faceline.core.files import read_json, replacing_folder, write_json
from faceline.core.stage import run_stage
from faceline.evaluation.embeddings.table import read_embeddings
from faceline.evaluation.verification.calibration import Calibration
from faceline.evaluation.verification.output import write_table
from faceline.evaluation.verification.params import EvaluationParams
from faceline.evaluation.verification.rate import to_metrics
from faceline.evaluation.wild.wild_figures import compare_table, verify_queries, wild_figures

log = logging.getLogger(__name__)


def evaluate_wild(
    evaluation: EvaluationParams,
    wild: Path,
    annotated: Path,
    calibration: Path,
    recognition: Path,
    metrics: Path,
    report: Path,
) -> None:
    """Measures embeddings of detected faces at the thresholds frozen on dev people, beside annotated landmarks."""
    frozen = Calibration.read(calibration)
    tables = {path: read_embeddings(path) for path in (wild, annotated)}
    for path, table in tables.items():
        if table.metadata.get("model") != frozen.model:
            raise InputError(
                f"{calibration}: made with another model than {path}; run `dvc repro evaluate_recognition`"
            )
    figures = wild_figures(tables[wild], frozen, evaluation)
    landmarks = verify_queries(tables[annotated], frozen, evaluation)
    with replacing_folder(report) as folder:
        figures.write(folder)
        compared = compare_table(to_metrics(landmarks.rates), read_json(recognition), figures.metrics)
        write_table(folder, "compare", compared)
    write_json(metrics, figures.metrics)
    log.info(
        "detection recall %.4f; ID rate at FPR 1e-2: %s",
        *(figures.metrics[key] for key in ("detection_recall", "tpr_at_fpr_1e-2")),
    )


if __name__ == "__main__":
    run_stage(evaluate_wild)
