"""All figures of `metrics/recognition.json`, and the tables behind them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from faceline.evaluation.embeddings.table import EmbeddingTable
from faceline.evaluation.recognition.accuracy import accuracy_rates
from faceline.evaluation.recognition.embedding_space import embedding_map, silhouette
from faceline.evaluation.recognition.group_rows import GroupRow, group_rates, group_table, unmeasured_rows
from faceline.evaluation.recognition.groups import GroupErrors, known, membership
from faceline.evaluation.recognition.hardest import HardestImpostors
from faceline.evaluation.recognition.identification import SearchFigures, search_figures
from faceline.evaluation.recognition.people import PersonStatistics, triplet_accuracy
from faceline.evaluation.recognition.sheets import HARDEST
from faceline.evaluation.verification.calibration import Calibration
from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.impostors import ImpostorScores, Observer
from faceline.evaluation.verification.intervals import person_weights
from faceline.evaluation.verification.output import Figures, acquisition_table, failure_to_acquire, write_table
from faceline.evaluation.verification.params import EvaluationParams
from faceline.evaluation.verification.rate import Rate, label
from faceline.evaluation.verification.roles import DISTRACTOR, QUERY, rows_of
from faceline.evaluation.verification.verification import DEV_TARGETS, dev_threshold, verification_figures

GROUP_TARGET = 0.01


@dataclass(frozen=True)
class RecognitionFigures(Figures):
    """What is measured on annotated faces.

    Attributes:
        search: identification, with its intervals.
        groups: figures by group.
        people: one row a query person.
        placed: the embedding map.
        hardest_impostors: as positions in what the comparisons were made of.
    """

    search: SearchFigures
    groups: list[GroupRow]
    people: pd.DataFrame
    placed: pd.DataFrame
    hardest_impostors: pd.DataFrame

    @property
    def achieved(self) -> list[tuple[float, float, float | None]]:
        """(target, threshold frozen on dev people, FPR that it gives on query people)."""
        of = {rate.name: rate for rate in self.rates}
        frozen = [(target, of[f"fpr_at_dev_threshold_{label(target)}"]) for target in DEV_TARGETS]
        return [(target, rate.threshold, rate.value) for target, rate in frozen if rate.threshold is not None]

    def write(self, folder: Path) -> None:
        """Every table but those of the sheets of faces."""
        super().write(folder)
        write_table(folder, "cmc", self.search.cmc)
        write_table(folder, "groups", group_table(self.groups))
        write_table(folder, "per_person", self.people)
        write_table(folder, "embedding_map", self.placed)


def recognition_figures(
    table: EmbeddingTable,
    comparisons: Comparisons,
    calibration: Calibration,
    evaluation: EvaluationParams,
    with_map: bool = True,
) -> RecognitionFigures:
    """Measures everything.

    Args:
        comparisons: of the query people in `table`.
        calibration: thresholds of the dev people.
        with_map: whether to lay out the embedding map, which takes seconds; it is empty otherwise.
    """
    threshold = dev_threshold(calibration, GROUP_TARGET)
    scores = ImpostorScores(comparisons, evaluation.block_mb)
    weights = person_weights(len(comparisons.names), evaluation.bootstrap_samples, evaluation.seed)
    statistics = PersonStatistics(comparisons, threshold)
    hardest = HardestImpostors(comparisons, HARDEST)
    observers: list[Observer] = [statistics, hardest]
    members = known({name: _members(table, name) for name in evaluation.group_attributes})
    if threshold is None:
        groups = unmeasured_rows(members, f"the dev people are too few for an FMR of {GROUP_TARGET:g}")
    else:
        errors = GroupErrors(comparisons, members, threshold, GROUP_TARGET, weights)
        observers.append(errors)
    verified = verification_figures(scores, calibration, weights, evaluation.seed, observers)
    if threshold is not None:
        groups = errors.rows()
    searches = search_figures(table, calibration, weights)
    people = statistics.table()
    triplets = triplet_accuracy(people)
    spread = silhouette(comparisons.query, comparisons.query_person, evaluation.seed)
    rates = [
        *accuracy_rates(table),
        *verified.rates,
        *searches.rates,
        Rate("triplet_accuracy", triplets, reason="" if triplets is not None else "no triplets"),
        Rate("silhouette", spread, reason="" if spread is not None else "no person has two embeddings"),
        failure_to_acquire(table, QUERY),
        *group_rates(groups),
    ]
    return RecognitionFigures(
        rates=rates,
        numbers={**verified.numbers, "gallery_size": searches.gallery_size},
        curve=verified.curve,
        search=searches,
        groups=groups,
        people=people,
        acquisition=acquisition_table(table),
        placed=_placed(table, comparisons, evaluation.seed) if with_map else pd.DataFrame(),
        hardest_impostors=hardest.table(),
    )


def _members(table: EmbeddingTable, attribute: str) -> tuple[np.ndarray, np.ndarray]:
    """Who of the query photos and of the distractor photos is in the group."""
    return _membership(table, QUERY, attribute), _membership(table, DISTRACTOR, attribute)


def _membership(table: EmbeddingTable, role: str, attribute: str) -> np.ndarray:
    rows = table.rows.iloc[rows_of(table, role)]
    values = rows[attribute].to_numpy(float, na_value=np.nan) if attribute in rows else np.full(len(rows), np.nan)
    return membership(attribute, values, rows["person"].to_numpy())


def _placed(table: EmbeddingTable, comparisons: Comparisons, seed: int) -> pd.DataFrame:
    """The embedding map, by image id."""
    placed = embedding_map(comparisons, seed)
    ids = table.rows["image_id"].to_numpy()[rows_of(table, QUERY)]
    placed.insert(0, "image_id", ids[placed.pop("row").astype(int)])
    return placed
