"""The selection on disk: one row a photo, as the filter wrote it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from faceline.core.columns import BOX_COLUMNS, PERSON_COLUMNS, POINT_COLUMNS
from faceline.core.errors import InputError


def read_selected(path: Path) -> pd.DataFrame:
    """Reads the selection that the filter wrote, text columns as text.

    Raises:
        InputError: no such file, or a column is missing.
    """
    try:
        table = pd.read_csv(path, dtype={"image_id": str, "role": str, "split": str}, keep_default_na=False)
    except FileNotFoundError:
        raise InputError(f"{path}: no such selection; `dvc repro filter` writes it") from None
    missing = {*PERSON_COLUMNS, *BOX_COLUMNS, *POINT_COLUMNS} - set(table.columns)
    if missing:
        raise InputError(f"{path}: lacks the columns {sorted(missing)}")
    return table
