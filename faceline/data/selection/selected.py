"""The selection on disk: one row a photo, as the filter wrote it."""

from pathlib import Path

import numpy as np
import pandas as pd

from faceline.core.columns import BOX_COLUMNS, CSV_OPTIONS, IMAGE_ID, PERSON_COLUMNS, POINT_COLUMNS
from faceline.core.errors import InputError
from faceline.points.points import MIN_EYE_DISTANCE_PX, eye_distance, points_of


def read_selected(path: Path) -> pd.DataFrame:
    """Reads the selection that the filter wrote; attributes are nullable integers.

    Raises:
        InputError: no such file, a column is missing, or a row has an empty box or landmarks that no face has.
    """
    try:
        table = pd.read_csv(path, **CSV_OPTIONS)
    except FileNotFoundError:
        raise InputError(f"{path}: no such selection; `dvc repro filter` writes it") from None
    except ValueError as error:
        raise InputError(f"{path}: {error}; `dvc repro filter` writes it") from None
    missing = {*PERSON_COLUMNS, *BOX_COLUMNS, *POINT_COLUMNS} - set(table.columns)
    if missing:
        raise InputError(f"{path}: lacks the columns {sorted(missing)}")
    numbers = table[[*BOX_COLUMNS, *POINT_COLUMNS]].apply(pd.to_numeric, errors="coerce")
    sound = np.isfinite(numbers).all(axis=1) & (numbers[["width", "height"]] > 0).all(axis=1)
    sound &= eye_distance(points_of(numbers)) >= MIN_EYE_DISTANCE_PX
    if not sound.all():
        raise InputError(f"{path}: {table[IMAGE_ID][~sound].iloc[0]}: an empty box, or landmarks that no face has")
    return table
