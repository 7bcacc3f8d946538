"""Measures the hourglass on people no training saw."""

from pathlib import Path

from faceline.core.files import replacing_folder, write_json
from faceline.packed.sets import PackedSet
from faceline.evaluation.verification.params import EvaluationParams
from faceline.models.runtime import RuntimeParams
from faceline.models.runtime import prepare
from faceline.core.stage import run_stage
from faceline.landmarks.evaluation.measurement import compare_with_mtcnn, measure, summarise
from faceline.landmarks.evaluation.evaluation_report import write_evaluation_report
from faceline.landmarks.net.predictor import LandmarkPredictor


def evaluate_landmarks(
    evaluation: EvaluationParams, runtime: RuntimeParams, model: Path, crops: Path, metrics: Path, report: Path
) -> None:
    """Normalised mean errors on the test faces, and beside MTCNN's where people set the points."""
    predictor = LandmarkPredictor.load(model, prepare(runtime))
    packed = PackedSet(crops)
    labels = packed.metadata["labels"]
    faces = measure(predictor, packed, evaluation)
    values = summarise(faces, packed.metadata, evaluation)
    if labels == "people":
        values |= compare_with_mtcnn(faces, predictor, packed)
    with replacing_folder(report) as folder:
        write_evaluation_report(folder, faces, packed, labels, evaluation)
    write_json(metrics, values)


if __name__ == "__main__":
    run_stage(evaluate_landmarks)
