"""The measured map from a detector's boxes to annotated ones, on disk with the detector that it was measured for."""

from pathlib import Path

from faceline.core.errors import InputError
from faceline.core.files import read_json, write_json
from faceline.geometry.boxes import BoxMap


def write_box_map(path: Path, detector: str, box_map: BoxMap) -> None:
    write_json(path, {"detector": detector, **box_map.to_dict()})


def read_box_map(path: Path) -> tuple[str, BoxMap]:
    """The detector's name and its map.

    Raises:
        InputError: no such file, or no box map.
    """
    try:
        values = read_json(path)
        return values.pop("detector"), BoxMap(**values)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: cannot be read as a box map ({error}); `dvc repro detect_landmarks`") from None
