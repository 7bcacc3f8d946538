"""Photos that a list leaves out of the selection, for their labels say or for any other reason of the user's."""

from pathlib import Path

import pandas as pd

from faceline.core.columns import IMAGE_ID
from faceline.core.errors import InputError
from faceline.tables.tables import read_faces_csv

_HINT = "`faceline labels` writes such a list; the one of `filter.excluded: none` has a header alone"
_SHOWN = 5


def read_excluded(path: Path, known: pd.Series) -> frozenset[str]:
    """The photos of a list, a CSV whose column image_id names them; other columns are for people.

    Args:
        known: the names of all annotated photos.

    Raises:
        InputError: no such file, not such a list, or it names photos that are not annotated.
    """
    names = read_faces_csv(path, [IMAGE_ID], _HINT)[IMAGE_ID]
    strange = names[~names.isin(known)].tolist()
    if strange:
        raise InputError(
            f"{path}: {len(strange)} of {len(names)} photos are not among the {len(known)} annotated ones: "
            f"{', '.join(strange[:_SHOWN])}{', ...' if len(strange) > _SHOWN else ''}; take their rows out, or name "
            "the list of this data set in filter.excluded"
        )
    return frozenset(names)
