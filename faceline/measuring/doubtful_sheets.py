"""What a person looks at to decide about doubtful labels: the list, and the faces side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from faceline.core.columns import IMAGE_ID, PERSON
from faceline.core.files import replacing_folder
from faceline.evaluation.embeddings.table import EmbeddingTable
from faceline.imaging.images import decode_rgb
from faceline.labels.centres import centre
from faceline.labels.doubtful import DoubtfulLabels
from faceline.measuring.shown_faces import ShownFaces
from faceline.pictures.sheets import sheet, write_png
from faceline.pipeline.private import make_private
from faceline.spreadsheets.tables import safe_table

SHOWN = 60  # of each list, on its sheet
_COLUMNS = {3: 3, 4: 2}  # groups of so many faces in a row
_NAME = 12  # characters of a person's name in a caption
_FLOATS = "%.4f"


def write_doubtful(out: Path, found: DoubtfulLabels, table: EmbeddingTable, faces: ShownFaces) -> None:
    """Writes photos.csv and people.csv, and a sheet of the first `SHOWN` rows of each as PNG; all of it or nothing.

    The folder is its owner's alone, and names are no formulas of a spreadsheet.

    Beside a doubtful photo the sheet shows the most typical photo of the person whose name it has and of the other
    person; two people who may be one are shown by the two most typical photos of each.

    Args:
        table: what was judged.
        faces: of the same photos, row for row.
    """
    typical = {}

    def most_typical(person: object) -> np.ndarray:
        """The photos of a person with an embedding, the nearest to the centre first."""
        if person not in typical:
            own = np.flatnonzero((table.rows[PERSON] == person).to_numpy() & table.ok)
            vectors = table.embeddings[own]
            typical[person] = own[np.argsort(-(vectors @ centre(vectors)), kind="stable")]
        return typical[person]

    place = pd.Series(table.rows.index, index=table.rows[IMAGE_ID])
    photos, pairs = found.photos.head(SHOWN), found.pairs.head(SHOWN)
    trios, captions = [], []
    for one in photos.to_dict("records"):
        row, person, other_person = int(place[one[IMAGE_ID]]), one[PERSON], one["other_person"]
        own = next(other for other in most_typical(person) if other != row)
        trios.append([row, own, most_typical(other_person)[0]])
        captions.append(_caption(one["similarity"], person) + "   " + _caption(one["other_similarity"], other_person))
    with replacing_folder(out) as folder:
        for name, listed in (("photos.csv", found.photos), ("people.csv", found.pairs)):
            safe_table(listed).to_csv(folder / name, index=False, float_format=_FLOATS)
        if trios:
            write_png(folder / "photos.png", _sheet(faces, trios, captions))
        if len(pairs):
            names = list(zip(pairs[PERSON], pairs["other_person"], strict=True))
            fours = [[*most_typical(one)[:2], *most_typical(other)[:2]] for one, other in names]
            named = [
                f"{_caption(similarity, one)} / {other}"
                for similarity, (one, other) in zip(pairs["similarity"], names, strict=True)
            ]
            write_png(folder / "people.png", _sheet(faces, fours, named))
        make_private(folder)


def _caption(similarity: float, person: object) -> str:
    return f"{similarity:.2f} {str(person)[:_NAME]}"


def _sheet(faces: ShownFaces, groups: Sequence[Sequence[int]], captions: Sequence[str]) -> np.ndarray:
    """Groups of equally many faces side by side, by their rows."""
    wanted = sorted({row for group in groups for row in group})
    tiles = dict(zip(wanted, map(decode_rgb, faces.encoded(wanted)), strict=True))
    return sheet([np.hstack([tiles[row] for row in group]) for group in groups], _COLUMNS[len(groups[0])], captions)
