"""All figures of `metrics/recognition.json`, and the tables behind them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from faceline.evaluation.verification.params import EvaluationParams
from faceline.evaluation.analysis import silhouette
from faceline.evaluation.calibration import Calibration
from faceline.evaluation.comparisons import Comparisons
from faceline.evaluation.embeddings import EmbeddingTable
from faceline.evaluation.groups import GroupRow, Side, group_rates, group_rows, group_table, unmeasured_rows
from faceline.evaluation.id_figures import (
    DEV_TARGETS,
    GROUP_TARGET,
    IdFigures,
    dev_threshold,
    id_figures,
)
from faceline.evaluation.people import person_statistics, triplet_accuracy
from faceline.evaluation.rates import Rate, label, to_metrics, to_table
from faceline.evaluation.report import acquisition_table, failure_to_acquire, write_curves, write_table
from faceline.evaluation.roles import DISTRACTOR, QUERY, rows_of
from faceline.evaluation.search_figures import SearchFigures, accuracy_rates, search_figures


@dataclass(frozen=True)
class RecognitionFigures:
    """What is measured on annotated faces.

    Attributes:
        rates: every rate in the order of the metric keys, those that the data cannot give included.
        numbers: what was counted.
        metrics: both, flat.
        id_figures, search: curves and intervals.
        groups: figures by group.
        people: one row a query person.
        acquisition: photos by role and status.
        frozen: dev target -> threshold, None where dev does not support it.
    """

    rates: list[Rate]
    numbers: dict[str, int]
    id_figures: IdFigures
    search: SearchFigures
    groups: list[GroupRow]
    people: pd.DataFrame
    acquisition: pd.DataFrame
    frozen: dict[float, float | None]

    @property
    def metrics(self) -> dict[str, float | int | None]:
        return {**to_metrics(self.rates), **self.numbers}

    @property
    def achieved(self) -> list[tuple[float, float, float | None]]:
        """(target, threshold frozen on dev people, FPR that it gives on query people)."""
        of = {rate.name: rate.value for rate in self.rates}
        return [
            (target, threshold, of[f"fpr_at_dev_threshold_{label(target)}"])
            for target, threshold in self.frozen.items()
            if threshold is not None
        ]

    def write(self, folder: Path) -> None:
        """Curves as tables and pictures, and the tables."""
        write_curves(folder, self.id_figures, {f"dev FMR {target:g}": t for target, t in self.frozen.items()})
        write_table(folder, "rates", to_table(self.rates))
        write_table(folder, "cmc", self.search.cmc)
        write_table(folder, "groups", group_table(self.groups))
        write_table(folder, "per_person", self.people)
        write_table(folder, "acquisition", self.acquisition)


def recognition_figures(
    table: EmbeddingTable, comparisons: Comparisons, calibration: Calibration, evaluation: EvaluationParams
) -> RecognitionFigures:
    """Measures everything.

    Args:
        comparisons: of the query people in `table`.
        calibration: thresholds of the dev people.
    """
    frozen = {target: dev_threshold(calibration, target) for target in DEV_TARGETS}
    one_to_one = id_figures(comparisons, calibration, evaluation)
    searches = search_figures(table, one_to_one.weights)
    people = person_statistics(comparisons, frozen[GROUP_TARGET])
    groups = _groups(table, frozen[GROUP_TARGET], evaluation, one_to_one.weights)
    triplets = triplet_accuracy(people)
    spread = silhouette(comparisons.query, comparisons.query_person, evaluation.seed)
    rates = [
        *accuracy_rates(table),
        *one_to_one.rates,
        *searches.rates,
        Rate("triplet_accuracy", triplets, reason="" if triplets is not None else "no triplets"),
        Rate("silhouette", spread, reason="" if spread is not None else "no person has two embeddings"),
        failure_to_acquire(table, QUERY),
        *group_rates(groups),
    ]
    numbers = {**one_to_one.numbers(comparisons), "gallery_size": searches.gallery_size}
    return RecognitionFigures(rates, numbers, one_to_one, searches, groups, people, acquisition_table(table), frozen)


def _groups(
    table: EmbeddingTable, threshold: float | None, evaluation: EvaluationParams, weights: np.ndarray
) -> list[GroupRow]:
    if threshold is None:
        reason = f"the dev people are too few for an FMR of {GROUP_TARGET:g}"
        return [row for attribute in evaluation.group_attributes for row in unmeasured_rows(attribute, reason)]
    rows = []
    for attribute in evaluation.group_attributes:
        query, distractor = (_side(table, role, attribute) for role in (QUERY, DISTRACTOR))
        rows += group_rows(query, distractor, attribute, threshold, GROUP_TARGET, weights, evaluation.block_mb)
    return rows


def _side(table: EmbeddingTable, role: str, attribute: str) -> Side:
    rows = rows_of(table, role)
    facts = table.facts.iloc[rows]
    values = facts[attribute].to_numpy(float, na_value=np.nan) if attribute in facts else np.full(len(rows), np.nan)
    return Side(table.embeddings[rows], facts["person"].to_numpy(), values)
