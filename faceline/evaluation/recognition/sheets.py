"""Sheets of the faces behind the worst errors, each beside its table."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from faceline.evaluation.embeddings.table import EmbeddingTable
from faceline.evaluation.recognition.hardest import hardest_genuine
from faceline.evaluation.recognition.people import confused_people
from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.output import write_table
from faceline.evaluation.verification.roles import DISTRACTOR, QUERY, rows_of
from faceline.imaging.images import decode_rgb
from faceline.pictures.sheets import sheet, write_png

HARDEST = 24
PAIRS_IN_A_ROW = 4


class Faces(Protocol):
    """Aligned faces, one a row, as a `PackedSet` has them."""

    @property
    def rows(self) -> pd.DataFrame:
        """With the faces' image_id."""

    def __len__(self) -> int: ...

    def encoded(self, rows: np.ndarray) -> Iterator[bytes]:
        """The image files of some rows, by ascending positions."""


def write_sheets(
    folder: Path, table: EmbeddingTable, comparisons: Comparisons, impostors: pd.DataFrame, aligned: Faces
) -> None:
    """hardest_genuine, hardest_impostor and confused_people as tables and sheets.

    Args:
        comparisons: of the query people in `table`.
        impostors: the hardest, from `HardestImpostors.table`.
        aligned: the faces.
    """
    rows = {role: table.rows.iloc[rows_of(table, role)] for role in (QUERY, DISTRACTOR)}
    ids = {role: of_role["image_id"].to_numpy() for role, of_role in rows.items()}
    persons = {role: of_role["person"].to_numpy() for role, of_role in rows.items()}

    genuine = hardest_genuine(comparisons, HARDEST)
    row, other = genuine["row"].to_numpy(int), genuine["other_row"].to_numpy(int)
    found = {"score": genuine["score"], "image_id": ids[QUERY][row], "other_image_id": ids[QUERY][other]}
    pairs = pd.DataFrame({**found, "person": persons[QUERY][row]})
    captions = [f"{pair.score:.3f}  {pair.person}" for pair in pairs.itertuples()]
    _write(folder, "hardest_genuine", pairs, aligned, pairs, captions)

    row, other = impostors["row"].to_numpy(int), impostors["other_row"].to_numpy(int)
    roles = impostors["other_role"].to_numpy(str)
    found = {
        "score": impostors["score"],
        "image_id": ids[QUERY][row],
        "other_image_id": _by_role(ids, roles, other),
        "person": persons[QUERY][row],
        "other_person": _by_role(persons, roles, other),
        "other_role": roles,
    }
    pairs = pd.DataFrame(found)
    captions = [f"{pair.score:.3f}  {pair.person} / {pair.other_person}" for pair in pairs.itertuples()]
    _write(folder, "hardest_impostor", pairs, aligned, pairs, captions)

    confused = confused_people(comparisons)
    row, other = confused.pop("row").to_numpy(int), confused.pop("nearest_row").to_numpy(int)
    confused["image_id"] = ids[QUERY][row]
    confused["other_image_id"] = _by_role(ids, confused["nearest_role"].to_numpy(str), other)
    # two people who are each other's nearest are shown once
    both = [frozenset(pair) for pair in zip(confused["person"], confused["nearest"], strict=True)]
    shown = confused[~pd.Series(both, index=confused.index, dtype=object).duplicated()]
    captions = [f"{pair.similarity:.3f}  {pair.person} / {pair.nearest}" for pair in shown.itertuples()]
    _write(folder, "confused_people", confused, aligned, shown, captions)


def _by_role(values: Mapping[str, np.ndarray], roles: Iterable[str], rows: Iterable[int]) -> list:
    return [values[role][row] for role, row in zip(roles, rows, strict=True)]


def _write(
    folder: Path, name: str, table: pd.DataFrame, aligned: Faces, shown: pd.DataFrame, captions: Sequence[str]
) -> None:
    write_table(folder, name, table)
    pairs = list(zip(shown["image_id"], shown["other_image_id"], strict=True))[:HARDEST]
    write_png(folder / f"{name}.png", pair_sheet(aligned, pairs, captions[:HARDEST]))


def pair_sheet(aligned: Faces, pairs: Sequence[tuple[str, str]], captions: Sequence[str]) -> np.ndarray:
    """Two faces side by side for each pair of image ids, with a caption below; a photo not in the set is grey.

    Returns:
        One RGB uint8 array.
    """
    wanted = sorted({image_id for pair in pairs for image_id in pair})
    positions = pd.Series(np.arange(len(aligned)), index=aligned.rows["image_id"])
    rows = np.sort(positions.reindex(wanted).dropna().astype(int).to_numpy())
    ids = aligned.rows["image_id"].to_numpy()[rows]
    faces = {name: decode_rgb(encoded, name) for name, encoded in zip(ids, aligned.encoded(rows), strict=True)}
    missing = np.full_like(next(iter(faces.values())), 128) if faces else np.full((112, 112, 3), 128, np.uint8)
    tiles = [np.hstack([faces.get(first, missing), faces.get(second, missing)]) for first, second in pairs]
    return sheet(tiles, PAIRS_IN_A_ROW, captions)
