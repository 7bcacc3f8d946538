"""What both evaluating stages put on disk: curves and tables, and photos by what became of them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from faceline.evaluation.embeddings.table import OK, EmbeddingTable
from faceline.evaluation.verification.curve import Curve, det_table, histogram_table, roc_table
from faceline.evaluation.verification.rate import Rate

FLOATS = "%.6g"  # of every table: digits beyond are noise


def write_table(folder: Path, name: str, table: pd.DataFrame) -> None:
    """`name`.csv."""
    table.to_csv(folder / f"{name}.csv", index=False, float_format=FLOATS)


def write_curves(folder: Path, curve: Curve) -> None:
    """roc, det and scores_histogram as tables."""
    write_table(folder, "roc", roc_table(curve))
    write_table(folder, "det", det_table(curve))
    write_table(folder, "scores_histogram", histogram_table(curve))


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
