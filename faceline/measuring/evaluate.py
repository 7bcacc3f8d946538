"""How good a recogniser is on somebody's people: the figures of the chain's evaluation that need no training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from faceline.core.errors import InputError
from faceline.evaluation.embeddings.table import EmbeddingTable
from faceline.evaluation.recognition.hardest import HardestImpostors, hardest_genuine
from faceline.evaluation.recognition.identification import SearchFigures, search_figures
from faceline.evaluation.recognition.people import PersonStatistics, triplet_accuracy
from faceline.evaluation.verification.calibration import Calibration
from faceline.evaluation.verification.impostors import ImpostorScores
from faceline.evaluation.verification.intervals import person_weights
from faceline.evaluation.verification.output import Figures, acquisition_table, failure_to_acquire, write_table
from faceline.evaluation.verification.rate import Rate
from faceline.evaluation.verification.roles import DISTRACTOR, QUERY, query_comparisons, rows_of
from faceline.evaluation.verification.score_tail import UNSUPPORTED, ScoreTail
from faceline.evaluation.verification.verification import dev_threshold, verification_figures
from faceline.spreadsheets.tables import safe_table

SEED = 1
SAMPLES = 1000
BLOCK_MB = 256
PERSON_TARGET = 0.01  # the FMR at whose threshold each person's errors are counted
WORST = 24


@dataclass(frozen=True)
class PeopleFigures(Figures):
    """What is measured on a folder of people.

    Attributes:
        counts: people and photos by role.
        search: identification, with its intervals.
        people: one row a person who is compared.
        hardest: the pairs of photos that are most wrong, by kind: score, photo, other_photo.
    """

    counts: dict[str, int]
    search: SearchFigures
    people: pd.DataFrame
    hardest: dict[str, pd.DataFrame]

    def write(self, folder: Path) -> None:
        """Every table as CSV."""
        super().write(folder)
        write_table(folder, "cmc", self.search.cmc)
        write_table(folder, "per_person", safe_table(self.people))
        for kind, pairs in self.hardest.items():
            write_table(folder, f"hardest_{kind}", safe_table(pairs))


def role_of(photos: int) -> str:
    """People with one photo can be compared with nobody's second: they are strangers to the others."""
    return QUERY if photos > 1 else DISTRACTOR


def evaluate_people(table: EmbeddingTable, calibration: Calibration | None) -> PeopleFigures:
    """Measures everything; without a calibration the rates at frozen thresholds are left out.

    Args:
        table: with the roles of `role_of`.

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
    frozen = calibration or _none()
    weights = person_weights(len(comparisons.names), SAMPLES, SEED)
    statistics = PersonStatistics(comparisons, dev_threshold(frozen, PERSON_TARGET))
    impostors = HardestImpostors(comparisons, WORST)
    scores = ImpostorScores(comparisons, BLOCK_MB)
    verified = verification_figures(scores, frozen, weights, SEED, [statistics, impostors])
    searches = search_figures(table, frozen, weights)
    people = statistics.table()
    triplets = triplet_accuracy(people)
    rates = [
        *verified.rates,
        *searches.rates,
        Rate("triplet_accuracy", triplets, reason="" if triplets is not None else "no triplets"),
        failure_to_acquire(table),
    ]
    return PeopleFigures(
        rates=[rate for rate in rates if calibration is not None or "_at_dev_threshold_" not in rate.name],
        numbers={**verified.numbers, "gallery_size": searches.gallery_size},
        curve=verified.curve,
        acquisition=acquisition_table(table),
        counts=counts,
        search=searches,
        people=people,
        hardest={
            "impostor": _photos(impostors.table(), table),
            "genuine": _photos(hardest_genuine(comparisons, WORST), table),
        },
    )


def _counts(table: EmbeddingTable) -> dict[str, int]:
    counts = {}
    for role, name in ((QUERY, "people"), (DISTRACTOR, "strangers")):
        rows = table.rows.iloc[rows_of(table, role)]
        counts |= {name: int(rows["person"].nunique()), f"photos_of_{name}": len(rows)}
    return counts


def _photos(pairs: pd.DataFrame, table: EmbeddingTable) -> pd.DataFrame:
    """Positions among the photos of a role as names."""
    names = table.rows["image_id"].to_numpy()
    rows = {role: rows_of(table, role) for role in (QUERY, DISTRACTOR)}
    others = pairs["other_role"] if "other_role" in pairs else [QUERY] * len(pairs)
    return pd.DataFrame(
        {
            "score": pairs["score"],
            "photo": [names[rows[QUERY][row]] for row in pairs["row"]],
            "other_photo": [names[rows[role][row]] for role, row in zip(others, pairs["other_row"], strict=True)],
        }
    )


def _none() -> Calibration:
    """A calibration that supports no rate."""
    tail = ScoreTail(comparisons=1, smallest_fmr=UNSUPPORTED, thresholds=(1.0,), false_matches=(0,))
    return Calibration(model="", people=0, photos=0, pairs=tail)
