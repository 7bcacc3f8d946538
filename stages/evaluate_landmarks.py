"""Measures the hourglass on the test faces of its landmark set."""

from pathlib import Path

from faceline.core.files import replacing_folder, write_json
from faceline.core.stage import run_stage
from faceline.landmarks.detected.detected_faces import read_detected
from faceline.landmarks.evaluation.evaluation_report import write_evaluation_report
from faceline.landmarks.evaluation.measurement import compare_with_detector, judges_detectors, measure, summarise
from faceline.landmarks.evaluation.params import LandmarkEvaluationParams
from faceline.landmarks.net.predictor import LandmarkPredictor
from faceline.models.params import RuntimeParams
from faceline.models.runtime import prepare
from faceline.packed.sets import PackedSet, read_rejected


def evaluate_landmarks(
    evaluation: LandmarkEvaluationParams,
    runtime: RuntimeParams,
    model: Path,
    crops: Path,
    detected: Path,
    metrics: Path,
    report: Path,
) -> None:
    """Normalised mean errors on the test faces, and beside the detector's where the set can judge it."""
    predictor = LandmarkPredictor.load(model, prepare(runtime))
    packed = PackedSet(crops)
    detector, found = read_detected(detected)
    faces = measure(predictor, packed, detector, found, evaluation)
    values = summarise(faces, read_rejected(crops)["reason"], evaluation)
    if judges_detectors(packed):
        values |= compare_with_detector(faces, predictor, packed, found)
    with replacing_folder(report) as folder:
        write_evaluation_report(folder, faces, packed, evaluation)
    write_json(metrics, values)


if __name__ == "__main__":
    run_stage(evaluate_landmarks)
