"""What the two evaluating stages put on disk, beyond the figures themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from faceline.packed.sets import PackedSet
from faceline.evaluation.verification.params import EvaluationParams
from faceline.evaluation import plots
from faceline.evaluation.analysis import embedding_map, hardest_genuine, hardest_impostors
from faceline.evaluation.comparisons import Comparisons
from faceline.evaluation.embeddings import OK, EmbeddingTable
from faceline.evaluation.id_figures import IdFigures
from faceline.evaluation.people import confused_people
from faceline.evaluation.rates import Rate
from faceline.evaluation.roles import DISTRACTOR, QUERY, rows_of
from faceline.evaluation.verification import det_table, histogram_table, roc_table

HARDEST = 24
FLOATS = "%.6g"  # of every table: digits beyond are noise


def write_table(folder: Path, name: str, table: pd.DataFrame) -> None:
    table.to_csv(folder / f"{name}.csv", index=False, float_format=FLOATS)


def write_curves(folder: Path, figures: IdFigures, thresholds: Mapping[str, float | None]) -> None:
    """roc, det and scores_histogram as tables and pictures.

    Args:
        thresholds: drawn into the histogram, by what the legend calls them.
    """
    roc, det, histogram = roc_table(figures.curve), det_table(figures.curve), histogram_table(figures.curve)
    write_table(folder, "roc", roc)
    write_table(folder, "det", det)
    write_table(folder, "scores_histogram", histogram)
    plots.draw_roc(roc, folder / "roc.png")
    plots.draw_det(det, folder / "det.png")
    plots.draw_histogram(histogram, thresholds, folder / "histogram.png")


def write_looks(
    folder: Path, table: EmbeddingTable, comparisons: Comparisons, aligned: PackedSet, evaluation: EvaluationParams
) -> None:
    """The embedding map, the hardest pairs and whom people are taken for, as tables and pictures."""
    facts = {role: table.facts.iloc[rows_of(table, role)].reset_index(drop=True) for role in (QUERY, DISTRACTOR)}
    ids = {role: rows["image_id"].to_numpy() for role, rows in facts.items()}
    persons = {role: rows["person"].to_numpy() for role, rows in facts.items()}

    placed = embedding_map(comparisons, evaluation.seed)
    placed.insert(0, "image_id", ids[QUERY][placed.pop("row").astype(int)])
    write_table(folder, "embedding_map", placed)
    plots.draw_map(placed, folder / "embedding_map.png")

    genuine = hardest_genuine(comparisons, HARDEST)
    rows, others = genuine["row"].to_numpy(int), genuine["other_row"].to_numpy(int)
    found = {"score": genuine["score"], "image_id": ids[QUERY][rows], "other_image_id": ids[QUERY][others]}
    pairs = pd.DataFrame({**found, "person": persons[QUERY][rows]})
    write_table(folder, "hardest_genuine", pairs)
    captions = [f"{row.score:.3f}  {row.person}" for row in pairs.itertuples()]
    _draw(folder / "hardest_genuine.png", aligned, pairs, captions)

    impostors = hardest_impostors(comparisons, HARDEST, evaluation.block_mb)
    rows, others = impostors["row"].to_numpy(int), impostors["other_row"].to_numpy(int)
    roles = impostors["other_role"].to_numpy(str)
    found = {
        "score": impostors["score"],
        "image_id": ids[QUERY][rows],
        "other_image_id": _by_role(ids, roles, others),
        "person": persons[QUERY][rows],
        "other_person": _by_role(persons, roles, others),
        "other_role": roles,
    }
    pairs = pd.DataFrame(found)
    write_table(folder, "hardest_impostor", pairs)
    captions = [f"{row.score:.3f}  {row.person} / {row.other_person}" for row in pairs.itertuples()]
    _draw(folder / "hardest_impostor.png", aligned, pairs, captions)

    confused = confused_people(comparisons)
    rows, others = confused.pop("row").to_numpy(int), confused.pop("nearest_row").to_numpy(int)
    confused["image_id"] = ids[QUERY][rows]
    confused["other_image_id"] = _by_role(ids, confused["nearest_role"].to_numpy(str), others)
    write_table(folder, "confused_people", confused)
    # two people who are each other's nearest are shown once
    couples = confused[["person", "nearest"]].apply(frozenset, axis="columns")
    shown = confused[~couples.duplicated()]
    captions = [f"{row.similarity:.3f}  {row.person} / {row.nearest}" for row in shown.itertuples()]
    _draw(folder / "confused_people.png", aligned, shown, captions)


def _by_role(values: Mapping[str, np.ndarray], roles: np.ndarray, rows: np.ndarray) -> list:
    return [values[role][row] for role, row in zip(roles, rows, strict=True)]


def _draw(path: Path, aligned: PackedSet, pairs: pd.DataFrame, captions: Sequence[str]) -> None:
    names = list(zip(pairs["image_id"], pairs["other_image_id"], strict=True))[:HARDEST]
    plots.draw_pairs(aligned, names, captions[:HARDEST], path)


def acquisition_table(table: EmbeddingTable) -> pd.DataFrame:
    """Photos of each role by what became of them: role, status, photos, share."""
    counts = table.facts.groupby(["role", "status"]).size().rename("photos").reset_index()
    counts["share"] = counts["photos"] / counts.groupby("role")["photos"].transform("sum")
    return counts


def failure_to_acquire(table: EmbeddingTable, role: str | None = None) -> Rate:
    """The share of photos, of one role or of all, without an embedding."""
    status = table.facts["status"] if role is None else table.facts.loc[table.facts["role"] == role, "status"]
    if not len(status):
        return Rate("failure_to_acquire", None, reason="no photos")
    return Rate("failure_to_acquire", float((status != OK).mean()))
