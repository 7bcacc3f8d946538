"""All figures of `metrics/wild.json`: the 1:1 figures where a detector, not an annotation, says where the face is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from faceline.evaluation.verification.params import EvaluationParams
from faceline.evaluation.calibration import Calibration
from faceline.evaluation.comparisons import Comparisons
from faceline.evaluation.embeddings import EmbeddingTable
from faceline.evaluation.id_figures import DEV_TARGETS, IdFigures, dev_threshold, id_figures
from faceline.evaluation.rates import Rate, to_metrics, to_table
from faceline.evaluation.report import acquisition_table, failure_to_acquire, write_curves, write_table

NOT_DETECTED = ("unreadable", "no_face", "no_match")


@dataclass(frozen=True)
class WildFigures:
    """What is measured on faces found in original photos.

    Attributes:
        rates, numbers, metrics, id_figures, acquisition, frozen: as in `RecognitionFigures`.
    """

    rates: list[Rate]
    numbers: dict[str, int]
    id_figures: IdFigures
    acquisition: pd.DataFrame
    frozen: dict[float, float | None]

    @property
    def metrics(self) -> dict[str, float | int | None]:
        return {**to_metrics(self.rates), **self.numbers}

    def write(
        self, folder: Path, recognition: Mapping[str, float | None], annotated: Mapping[str, float | None]
    ) -> None:
        """Curves, tables, and the comparison with annotated boxes and landmarks.

        Args:
            recognition: the metrics of the same people from annotated boxes.
            annotated: the same from annotated landmarks.
        """
        write_curves(folder, self.id_figures, {f"dev FMR {target:g}": t for target, t in self.frozen.items()})
        write_table(folder, "rates", to_table(self.rates))
        write_table(folder, "acquisition", self.acquisition)
        write_table(folder, "compare", compare_table(annotated, recognition, self.metrics))


def wild_figures(
    table: EmbeddingTable, comparisons: Comparisons, calibration: Calibration, evaluation: EvaluationParams
) -> WildFigures:
    """Measures everything.

    Args:
        table: embeddings of the detected faces; `status` says why a photo has none.
        comparisons: of the query people in it.
        calibration: thresholds of the dev people, from annotated boxes.
    """
    one_to_one = id_figures(comparisons, calibration, evaluation)
    missed = table.facts["status"].isin(NOT_DETECTED)
    rates = [
        *one_to_one.rates,
        Rate("detection_recall", float(1 - missed.mean())),
        failure_to_acquire(table),
    ]
    frozen = {target: dev_threshold(calibration, target) for target in DEV_TARGETS}
    return WildFigures(rates, one_to_one.numbers(comparisons), one_to_one, acquisition_table(table), frozen)


def compare_table(
    annotated: Mapping[str, float | None],
    recognition: Mapping[str, float | None],
    wild: Mapping[str, float | None],
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
