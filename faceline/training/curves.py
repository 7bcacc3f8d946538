"""The curves of a training: one table, written anew after every epoch, to be looked at while the training runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from faceline.core.files import remove, replacing

CURVES = "curves.csv"


def write_curves(folder: Path, rows: Sequence[Mapping[str, float]]) -> None:
    """Writes `curves.csv` into a folder that is there, whole or not at all.

    Args:
        rows: one an epoch; the columns are the keys of all, in the order in which they come up, NaN an empty cell.
    """
    with replacing(folder / CURVES) as temporary:
        pd.DataFrame(rows).to_csv(temporary, index=False, float_format="%.6g")


class LiveCurves:
    """Curves in the folder of a report that is yet to be written, where `dvc plots show` finds them.

    The report takes the folder's place when the training ends. Until then the folder holds the curves and nothing
    else: what an earlier training left there goes with the first rows.
    """

    def __init__(self, report: Path) -> None:
        self._report = report
        self._begun = False

    def __call__(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Writes the rows of all epochs so far; nothing before the first."""
        if not rows:
            return
        if not self._begun:
            remove(self._report)
            self._report.mkdir(parents=True)
            self._begun = True
        write_curves(self._report, rows)
