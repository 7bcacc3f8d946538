"""The forms that the files of a data set come in."""

from pathlib import Path


def form_at(key: str, named: str) -> str:
    """What a parameter names, in the form that is there: the path itself, else another form of that name.

    Args:
        key: `images`, which are a folder or a `.zip`, or a kind of annotation file, `.txt` or `.csv`.
    """
    other = f"{named}.zip" if key == "images" else str(Path(named).with_suffix(".csv"))
    return other if not Path(named).exists() and Path(other).exists() else named
