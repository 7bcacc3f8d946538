"""How good a recogniser is on somebody's people: the figures of the chain's evaluation that need no training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from faceline.core.errors import InputError
from faceline.evaluation.embeddings.table import EmbeddingTable
from faceline.evaluation.recognition.recognition_figures import RecognitionFigures, recognition_figures
from faceline.evaluation.recognition.sheets import write_sheets
from faceline.evaluation.verification.calibration import Calibration
from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.params import EvaluationParams
from faceline.evaluation.verification.roles import DISTRACTOR, QUERY, query_comparisons, rows_of
from faceline.evaluation.verification.score_tail import UNSUPPORTED, ScoreTail
from faceline.measuring.shown_faces import ShownFaces

# as params/base.yaml has them
EVALUATION = EvaluationParams(
    seed=1,
    bootstrap_samples=1000,
    block_mb=256,
    group_attributes=["Male", "Young", "Pale_Skin", "Eyeglasses", "Wearing_Hat", "Smiling"],
)


@dataclass(frozen=True)
class PeopleFigures:
    """What is measured on somebody's people.

    Attributes:
        figures: those of the chain's recognition, without those that need training or, where there is no calibration,
            a threshold frozen beforehand.
        comparisons: of the people with two photos and more.
        counts: people and photos by role.
    """

    figures: RecognitionFigures
    comparisons: Comparisons
    counts: dict[str, int]

    def write(self, folder: Path, table: EmbeddingTable, faces: ShownFaces) -> None:
        """The tables and sheets that the chain's stage `evaluate_recognition` writes."""
        folder.mkdir(parents=True, exist_ok=True)
        self.figures.write(folder)
        write_sheets(folder, table, self.comparisons, self.figures.hardest_impostors, faces)


def role_of(photos: int) -> str:
    """People with one photo can be compared with nobody's second: they are strangers to the others."""
    return QUERY if photos > 1 else DISTRACTOR


def evaluate_people(table: EmbeddingTable, calibration: Calibration | None, with_map: bool = True) -> PeopleFigures:
    """Measures everything; without a calibration the rates at frozen thresholds and those of groups are left out.

    Args:
        table: with the roles of `role_of`.
        with_map: as for `recognition_figures`; the report page needs it.

    Raises:
        InputError: fewer than two people with two photos and a usable face.
        FacelineError: embeddings that cannot be compared.
    """
    counts = _counts(table)
    usable = table.rows["person"][table.ok & (table.rows["role"] == QUERY).to_numpy()].nunique()
    if usable < 2:
        raise InputError(
            f"{counts['people']} people with two photos or more, {usable} of them with a usable face; it takes two"
        )
    comparisons = query_comparisons(table)
    options = EVALUATION if calibration else EVALUATION.model_copy(update={"group_attributes": []})
    figures = recognition_figures(table, comparisons, calibration or _none(), options, with_map)
    rates = [
        rate
        for rate in figures.rates
        if not rate.name.startswith("accuracy_") and (calibration or "_at_dev_threshold_" not in rate.name)
    ]
    return PeopleFigures(replace(figures, rates=rates), comparisons, counts)


def failure_table(failures: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Photos without a usable face: photo, reason."""
    return pd.DataFrame(failures, columns=["photo", "reason"])


def _counts(table: EmbeddingTable) -> dict[str, int]:
    counts: dict[str, int] = {}
    for role, name in ((QUERY, "people"), (DISTRACTOR, "strangers")):
        rows = table.rows.iloc[rows_of(table, role)]
        counts |= {name: int(rows["person"].nunique()), f"photos_of_{name}": len(rows)}
    return counts


def _none() -> Calibration:
    """A calibration that supports no rate."""
    tail = ScoreTail(comparisons=1, smallest_fmr=UNSUPPORTED, thresholds=(1.0,), false_matches=(0,))
    return Calibration(model="", people=0, photos=0, pairs=tail)
