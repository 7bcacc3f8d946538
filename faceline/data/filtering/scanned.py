"""What the scan found of every photo, read and checked."""

from pathlib import Path

import numpy as np
import pandas as pd

from faceline.core.columns import FACE_HASHES, IMAGE_ID, PHOTO_HASHES
from faceline.core.errors import InputError
from faceline.tables.tables import check_numbers, open_parquet, read_columns

_REQUIRED = {
    IMAGE_ID: "text",
    "readable": "true or false",
    "reason": "text",
    "width": "whole numbers",
    "height": "whole numbers",
    "sharpness": "numbers",
    **dict.fromkeys([*PHOTO_HASHES, *FACE_HASHES], "whole numbers"),
}
_HINT = "`dvc repro scan` writes it"


def read_scan(path: Path) -> pd.DataFrame:
    """The table that the stage scan wrote.

    Raises:
        InputError: no such file, or not such a table.
    """
    file = open_parquet(path, _REQUIRED, _HINT)
    read_columns(file, path, list(_REQUIRED), _HINT)
    table = pd.read_parquet(path)
    for name in ("readable", "reason", "width", "height", "sharpness"):
        if table[name].isna().any():
            raise InputError(f"{path}: column {name}: a value is missing; {_HINT}")
    if not len(table):
        raise InputError(f"{path}: has no rows; {_HINT}")
    check_numbers(table, ["width", "height"], path, _HINT, low=0)
    check_numbers(table, ["sharpness"], path, _HINT, low=0, high=np.inf)
    return table
