"""Tables of pandas whose text a spreadsheet takes for text."""

import pandas as pd

from faceline.spreadsheets.cells import safe_cell


def safe_table(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the cells of `safe_cell`; columns of numbers stay as they are."""
    return table.apply(lambda column: column if pd.api.types.is_numeric_dtype(column) else column.map(safe_cell))
