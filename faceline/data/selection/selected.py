"""The selection on disk: one row a photo, as the filter wrote it."""

from pathlib import Path

import pandas as pd

from faceline.core.columns import BOX_COLUMNS, IMAGE_ID, PERSON, PERSON_COLUMNS, POINT_COLUMNS
from faceline.core.errors import InputError
from faceline.points.points import MIN_EYE_DISTANCE_PX, eye_distance, points_of
from faceline.tables.tables import MAX_PX, read_faces_csv

_HINT = "`dvc repro filter` writes it"


def read_selected(path: Path) -> pd.DataFrame:
    """Reads the selection that the filter wrote; attributes are nullable integers.

    Raises:
        InputError: no such file, a column is missing, or a row has an empty box, landmarks that no face has, or
            something else that may not stand there.
    """
    table = read_faces_csv(path, [*PERSON_COLUMNS, *BOX_COLUMNS, *POINT_COLUMNS], _HINT)
    if not len(table):
        raise InputError(f"{path}: nobody is selected; {_HINT}")
    if not pd.api.types.is_integer_dtype(table[PERSON]) or (table[PERSON] < 0).any():
        raise InputError(f"{path}: column {PERSON}: expected whole numbers from 0; {_HINT}")
    numbers = table[[*BOX_COLUMNS, *POINT_COLUMNS]].apply(pd.to_numeric, errors="coerce")
    sound = (numbers.abs() <= MAX_PX).all(axis=1) & (numbers[["width", "height"]] > 0).all(axis=1)
    sound &= eye_distance(points_of(numbers)) >= MIN_EYE_DISTANCE_PX
    if not sound.all():
        raise InputError(f"{path}: {table[IMAGE_ID][~sound].iloc[0]}: an empty box, or landmarks that no face has")
    return table
