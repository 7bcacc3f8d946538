"""All figures of `metrics/wild.json`: the 1:1 figures where a detector, not an annotation, says where the face is."""

from collections.abc import Mapping

import pandas as pd

from faceline.evaluation.embeddings.table import EmbeddingTable
from faceline.evaluation.verification.calibration import Calibration
from faceline.evaluation.verification.impostors import ImpostorScores
from faceline.evaluation.verification.intervals import person_weights
from faceline.evaluation.verification.output import Figures, acquisition_table, failure_to_acquire
from faceline.evaluation.verification.params import EvaluationParams
from faceline.evaluation.verification.rate import Rate
from faceline.evaluation.verification.roles import query_comparisons
from faceline.evaluation.verification.verification import VerificationFigures, verification_figures

NOT_DETECTED = ("unreadable", "no_face", "no_match")


def wild_figures(table: EmbeddingTable, calibration: Calibration, evaluation: EvaluationParams) -> Figures:
    """Measures everything.

    Args:
        table: embeddings of the detected faces; `status` says why a photo has none.
        calibration: thresholds of the dev people, from annotated boxes.

    Raises:
        InputError, FacelineError: as `query_comparisons`.
    """
    verified = verify_queries(table, calibration, evaluation)
    missed = table.rows["status"].isin(NOT_DETECTED)
    rates = [*verified.rates, Rate("detection_recall", float(1 - missed.mean())), failure_to_acquire(table)]
    return Figures(rates, verified.numbers, verified.curve, acquisition_table(table))


def verify_queries(
    table: EmbeddingTable, calibration: Calibration, evaluation: EvaluationParams
) -> VerificationFigures:
    """The 1:1 figures of a table's query people."""
    comparisons = query_comparisons(table)
    weights = person_weights(len(comparisons.names), evaluation.bootstrap_samples, evaluation.seed)
    scores = ImpostorScores(comparisons, evaluation.block_mb)
    return verification_figures(scores, calibration, weights, evaluation.seed)


def compare_table(
    annotated: Mapping[str, float | None], recognition: Mapping[str, float | None], wild: Mapping[str, float | None]
) -> pd.DataFrame:
    """What each step of the chain costs: the keys that all three have, in the order of `wild`.

    Columns: metric; annotated_landmarks (annotations align the face), annotated_boxes (the hourglass finds its
    landmarks), original_photos (a detector finds the face too); by_hourglass and by_detector, the differences from
    one to the next.
    """
    keys = [key for key in wild if key in recognition and key in annotated]
    sources = {"annotated_landmarks": annotated, "annotated_boxes": recognition, "original_photos": wild}
    table = pd.DataFrame({"metric": keys}).assign(
        **{name: pd.Series([one[key] for key in keys], dtype=float) for name, one in sources.items()}
    )
    return table.assign(
        by_hourglass=table["annotated_boxes"] - table["annotated_landmarks"],
        by_detector=table["original_photos"] - table["annotated_boxes"],
    )
