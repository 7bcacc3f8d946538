"""Landmark sets from their own annotation files, all in one table.

Tables have the columns image_id, person (text, empty where nobody knows), split (train, dev, test), the boxes in
CelebA's convention, the five landmarks, and whatever attributes the source has.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from faceline.core.columns import ATTRIBUTES, BOX_COLUMNS, POINT_COLUMNS, is_synthetic
from faceline.core.errors import InputError
from faceline.data.selection.selected import read_selected
from faceline.geometry.boxes import BoxMap, box_around
from faceline.geometry.points import eye_distance, point_table

TEST_SHARE = 0.1
DEV_SHARE = 0.05

_SPLIT_OF_ROLE = {"train": "train", "dev": "dev", "query": "test", "distractor": "test"}
_MTFL_NUMBERS = 14
_POINTS_68 = 68
# the 68-point scheme, counted from 0
_LEFT_EYE_68 = slice(36, 42)
_RIGHT_EYE_68 = slice(42, 48)
_NOSE_TIP_68 = 30
_MOUTH_CORNERS_68 = [48, 54]


def read_selection(path: Path) -> pd.DataFrame:
    """The filter's people: train people train, dev people choose, query and distractor people measure."""
    selected = read_selected(path)
    rows = selected[["image_id", "person", *BOX_COLUMNS, *POINT_COLUMNS, *ATTRIBUTES]].copy()
    rows.insert(2, "split", selected.role.map(_SPLIT_OF_ROLE))
    return rows.astype({"person": str} | dict.fromkeys([*BOX_COLUMNS, *POINT_COLUMNS], "float64"))


def read_mtfl(path: Path) -> pd.DataFrame:
    """MTFL's list: `path left right top bottom x1 y1 ... x5 y5` on each line; photos are known by their file names.

    The set's own boxes go to CelebA's convention by one map for all, fitted on training photos, so that a box says
    no more of its own face's points than the set's annotators did.

    Raises:
        InputError: the file is missing, or a line is not of this form.
    """
    ids, numbers = [], []
    for count, line in enumerate(_text(path).splitlines(), 1):
        if not line.strip():
            continue
        name, *rest = line.split()
        if len(rest) != _MTFL_NUMBERS:
            raise InputError(
                f"{path}, line {count}: expected a path, left, right, top, bottom and five x y; "
                f"found {len(rest)} numbers, not {_MTFL_NUMBERS}"
            )
        ids.append(PurePosixPath(name.replace("\\", "/")).name)
        numbers.append([_number(path, count, value) for value in rest])
    _require_unique(path, ids)
    values = np.array(numbers)
    left, right, top, bottom = values[:, :4].T
    points = values[:, 4:].reshape(-1, 5, 2)
    own = np.column_stack([left, top, right - left, bottom - top])
    split = held_out(ids)
    sound = (own[:, 2:] > 0).all(axis=1) & np.isfinite(points).all(axis=(1, 2)) & (eye_distance(points) >= 1)
    fitted = sound & (split == "train")
    box_map = BoxMap.fit(own[fitted], box_around(points[fitted]))
    return _table(ids, [""] * len(ids), split, box_map.apply(own), points)


def read_keypoints68(path: Path) -> pd.DataFrame:
    """A .csv with a header: image name, then x and y of 68 points in px; persons are named by the file names.

    The five: means of each eye's six points, the nose's tip (31st), the mouth's corners (49th and 55th).

    Raises:
        InputError: the file is missing, or a row has not 136 numbers.
    """
    ids, numbers = [], []
    for count, line in enumerate(_text(path).splitlines()[1:], 2):
        if not line.strip():
            continue
        name, *rest = line.split(",")
        if len(rest) != 2 * _POINTS_68:
            raise InputError(f"{path}, line {count}: expected a name and {2 * _POINTS_68} numbers, found {len(rest)}")
        ids.append(name.strip())
        numbers.append([_number(path, count, value) for value in rest])
    _require_unique(path, ids)
    points = five_of_68(np.array(numbers).reshape(-1, _POINTS_68, 2))
    people = [person_of(image_id) for image_id in ids]
    return _table(ids, people, held_out(people), box_around(points), points)


def five_of_68(points: np.ndarray) -> np.ndarray:
    """(..., 68, 2) points of the iBUG scheme as the (..., 5, 2) landmarks."""
    eyes = [points[..., eye, :].mean(axis=-2) for eye in (_LEFT_EYE_68, _RIGHT_EYE_68)]
    rest = [points[..., one, :] for one in (_NOSE_TIP_68, *_MOUTH_CORNERS_68)]
    return np.stack([*eyes, *rest], axis=-2)


def person_of(image_id: str) -> str:
    """The person in a file name such as `Ada_Lovelace_03.jpg`."""
    return re.sub(r"_\d+$", "", PurePosixPath(image_id).stem)


def held_out(names: Iterable[str]) -> np.ndarray:
    """train, dev or test for each name: the same for equal names, whatever the order.

    The tenth of the different names with the smallest SHA-256 is test, the next twentieth dev.
    """
    names = np.asarray(list(names), dtype=object)
    ranked = sorted(set(names), key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    test = max(1, round(TEST_SHARE * len(ranked)))
    dev = max(1, round(DEV_SHARE * len(ranked)))
    split = dict.fromkeys(ranked, "train")
    split |= dict.fromkeys(ranked[test : test + dev], "dev") | dict.fromkeys(ranked[:test], "test")
    return np.array([split[name] for name in names], dtype=object)


def _table(
    ids: list[str], people: list[str], split: np.ndarray, boxes: np.ndarray, points: np.ndarray
) -> pd.DataFrame:
    first = pd.DataFrame({"image_id": ids, "person": people, "split": split}, dtype="str")
    return pd.concat([first, pd.DataFrame(boxes, columns=BOX_COLUMNS), point_table(points)], axis=1)


def _text(path: Path) -> str:
    try:
        text = Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); landmarks.annotations names the set's list") from None
    if not text.strip():
        raise InputError(f"{path}: is empty")
    return text


def _number(path: Path, line: int, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise InputError(f"{path}, line {line}: {value!r} is not a number") from None


def _require_unique(path: Path, ids: list[str]) -> None:
    if not ids:
        raise InputError(f"{path}: lists no photos")
    twice = pd.Series(ids)[pd.Series(ids).duplicated()]
    if len(twice):
        raise InputError(f"{path}: {twice.iloc[0]} is listed more than once; photos are told apart by file name")


@dataclass(frozen=True)
class Source:
    """One form of landmark set: how its list is read, and who set its points (`people`, or `derived`: a program)."""

    read: Callable[[Path], pd.DataFrame]
    labels: str


SOURCES = {
    "selected": Source(read_selection, "derived"),
    "mtfl": Source(read_mtfl, "people"),
    "keypoints68": Source(read_keypoints68, "people"),
}


def read_landmark_set(source: str, annotations: Path) -> tuple[pd.DataFrame, str]:
    """Reads the set that `landmarks.source` names from its annotation file.

    Returns:
        The table, and who set the points: `people`, `derived`, or `synthetic` for photos that the project made.

    Raises:
        InputError: the file is missing or not in that source's format.
    """
    rows = SOURCES[source].read(annotations)
    return rows, "synthetic" if is_synthetic(rows.image_id) else SOURCES[source].labels
