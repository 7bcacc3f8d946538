"""What both evaluating stages put on disk: curves and tables, and photos by what became of them."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from faceline.evaluation.embeddings.table import OK, EmbeddingTable
from faceline.evaluation.verification.curve import Curve, det_table, histogram_table, roc_table
from faceline.evaluation.verification.rate import Rate, to_metrics, to_table

FLOATS = "%.6g"  # of every table: digits beyond are noise


def write_table(folder: Path, name: str, table: pd.DataFrame) -> None:
    """`name`.csv."""
    table.to_csv(folder / f"{name}.csv", index=False, float_format=FLOATS)


@dataclass(frozen=True)
class Figures:
    """What a stage measures.

    Attributes:
        rates: every rate in the order of the metric keys, those that the data cannot give included.
        numbers: what was counted, by metric key.
        curve: error rates by threshold.
        acquisition: photos by role and status, from `acquisition_table`.
    """

    rates: list[Rate]
    numbers: dict[str, int]
    curve: Curve
    acquisition: pd.DataFrame

    @property
    def metrics(self) -> dict[str, float | int | None]:
        """Rates and numbers, flat."""
        return {**to_metrics(self.rates), **self.numbers}

    def write(self, folder: Path) -> None:
        """The tables roc, det, scores_histogram, rates and acquisition."""
        write_table(folder, "roc", roc_table(self.curve))
        write_table(folder, "det", det_table(self.curve))
        write_table(folder, "scores_histogram", histogram_table(self.curve))
        write_table(folder, "rates", to_table(self.rates))
        write_table(folder, "acquisition", self.acquisition)


def acquisition_table(table: EmbeddingTable) -> pd.DataFrame:
    """Photos of each role by what became of them: role, status, photos, share."""
    counts = table.rows.groupby(["role", "status"]).size().rename("photos").reset_index()
    counts["share"] = counts["photos"] / counts.groupby("role")["photos"].transform("sum")
    return counts


def failure_to_acquire(table: EmbeddingTable, role: str | None = None) -> Rate:
    """The share of photos, of one role or of all, without an embedding."""
    status = table.rows["status"] if role is None else table.rows.loc[table.rows["role"] == role, "status"]
    if not len(status):
        return Rate("failure_to_acquire", None, reason="no photos")
    return Rate("failure_to_acquire", float((status != OK).mean()))
