"""Landmark sets from their own annotation files, all in one table.

Tables have the columns image_id, person (text, empty where nobody knows), group (whom or what the splits never
separate: the person, or the source photo where nobody knows who), split (train, dev, test), the boxes in CelebA's
convention, the five landmarks, and whatever attributes the source has.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
import pandas as pd

from faceline.boxes.boxes import BoxMap, box_around
from faceline.core.columns import ATTRIBUTES, BOX_COLUMNS, POINT_COLUMNS, is_synthetic
from faceline.core.errors import InputError
from faceline.core.files import read_text
from faceline.data.selection.selected import read_selected
from faceline.points.points import eye_distance, point_table

MAX_PX = 1_000_000  # no photo is as large
MAX_NAME = 255  # characters: longer ones name no file
_MTFL_NAME = re.compile(r"(?P<cut>\d+)_\d+_\d+|_-?\d+_(?P<posed>\d+)_\d+")


def read_selection(path: Path) -> pd.DataFrame:
    """The filter's people: train people train, dev people choose, query and distractor people measure."""
    selected = read_selected(path)
    rows = selected[["image_id", "person", *BOX_COLUMNS, *POINT_COLUMNS, *ATTRIBUTES]].copy()
    rows.insert(2, "group", selected.person)
    rows.insert(3, "split", selected.role.replace(["query", "distractor"], "test"))
    return rows.astype({"person": str, "group": str} | dict.fromkeys([*BOX_COLUMNS, *POINT_COLUMNS], "float64"))


def read_mtfl(path: Path) -> pd.DataFrame:
    """MTFL's list: `path left right top bottom x1 y1 ... x5 y5` on each line; faces are known by their file names.

    Faces of one source photo (`source_photo`) share a split. The set's own boxes go to CelebA's convention by one map
    for all, fitted on training faces, so that a box says no more of its own face's points than the set's annotators
    did.

    Raises:
        InputError: the file is missing, or a line is not of this form.
    """
    form = "a path, left, right, top, bottom and five x y, 14 numbers"
    # photos lie in a folder of the set's own, named with slashes of either kind
    ids, values = _read_list(path, None, 14, form, lambda name: PureWindowsPath(name).name)
    left, right, top, bottom = values[:, :4].T
    points = values[:, 4:].reshape(-1, 5, 2)
    own = np.column_stack([left, top, right - left, bottom - top])
    photos = [source_photo(image_id) for image_id in ids]
    split = held_out(photos)
    sound = (own[:, 2:] > 0).all(axis=1) & np.isfinite(points).all(axis=(1, 2)) & (eye_distance(points) >= 1)
    fitted = sound & (split == "train")
    if not fitted.any():
        raise InputError(f"{path}: none of the training faces has a box and five points; expected {form}")
    box_map = BoxMap.fit(own[fitted], box_around(points[fitted]))
    return _table(ids, [""] * len(ids), photos, split, box_map.apply(own), points)


def read_keypoints68(path: Path) -> pd.DataFrame:
    """A .csv with a header: image name, then x and y of 68 points in px; persons are named by the file names.

    The five: means of each eye's six points, the nose's tip (31st), the mouth's corners (49th and 55th). The set has
    no boxes: they are drawn round those five, and so tell a net more of them than a box that somebody drew.

    Raises:
        InputError: the file is missing, or a row has not 136 numbers.
    """
    ids, values = _read_list(path, ",", 136, "a name and 136 numbers", str.strip, header=1)
    points = five_of_68(values.reshape(-1, 68, 2))
    people = [person_of(image_id) for image_id in ids]
    return _table(ids, people, people, held_out(people), box_around(points), points)


def five_of_68(points: np.ndarray) -> np.ndarray:
    """(..., 68, 2) points of the iBUG scheme, which are counted from 0 here, as the (..., 5, 2) landmarks."""
    eyes = [points[..., eye, :].mean(axis=-2) for eye in (slice(36, 42), slice(42, 48))]
    nose_and_mouth = [points[..., one, :] for one in (30, 48, 54)]
    return np.stack([*eyes, *nose_and_mouth], axis=-2)


def person_of(image_id: str) -> str:
    """The person in a file name such as `Ada_Lovelace_03.jpg`."""
    return re.sub(r"_\d+$", "", PurePosixPath(image_id).stem)


def source_photo(image_id: str) -> str:
    """The picture that a face of MTFL was cut out of: the number in the file name.

    MTFL holds faces cut out of larger pictures, often several of one picture, each with its neighbours in view. Names
    have two forms: `NUMBER_FACE_0.jpg`, and `_POSE_NUMBER_FACE.jpg` with the pose in degrees. Faces of one picture
    are listed under several poses, so the pose is no part of the source. Each form counts on its own, and in the
    second one a number may stand for more than one picture: such pictures stay together without need, but none is
    parted. Other names are a person's (`Ada_Lovelace_0003.jpg`), whose faces stay together.
    """
    found = _MTFL_NAME.fullmatch(PurePosixPath(image_id).stem)
    return found["cut"] or found["posed"] if found else person_of(image_id)


def held_out(names: Iterable[str]) -> np.ndarray:
    """train, dev or test for each name: the same for equal names, whatever the order.

    The tenth of the different names with the smallest SHA-256 is test, the next twentieth dev.
    """
    names = np.asarray(list(names), dtype=object)
    ranked = sorted(set(names), key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    test, dev = (max(1, round(share * len(ranked))) for share in (0.1, 0.05))
    split = dict.fromkeys(ranked, "train") | dict.fromkeys(ranked[: test + dev], "dev")
    split |= dict.fromkeys(ranked[:test], "test")
    return np.array([split[name] for name in names], dtype=object)


def _table(
    ids: list[str], people: list[str], groups: list[str], split: np.ndarray, boxes: np.ndarray, points: np.ndarray
) -> pd.DataFrame:
    first = pd.DataFrame({"image_id": ids, "person": people, "group": groups, "split": split}, dtype="str")
    return pd.concat([first, pd.DataFrame(boxes, columns=BOX_COLUMNS), point_table(points)], axis=1)


def _read_list(
    path: Path, separator: str | None, count: int, form: str, name_of: Callable[[str], str], header: int = 0
) -> tuple[list[str], np.ndarray]:
    """Names and (n, count) numbers of the lines after the first `header`, all of the form that `form` says."""
    lines = read_text(Path(path), "landmarks.annotations names the set's list").splitlines()
    numbers: dict[str, list[float]] = {}
    for place, line in enumerate(lines[header:], header + 1):
        if not line.strip():
            continue
        name, *rest = line.split(separator)
        if len(rest) != count:
            raise InputError(f"{path}, line {place}: expected {form}, found {len(rest)}")
        image_id = name_of(name)
        if not image_id or len(image_id) > MAX_NAME or "/" in image_id or not image_id.isprintable():
            raise InputError(f"{path}, line {place}: {image_id[:80]!r} is no file's name")
        if image_id in numbers:
            raise InputError(f"{path}: {image_id} is listed more than once; photos are told apart by file name")
        try:
            numbers[image_id] = [float(value) for value in rest]
        except ValueError as error:
            value = str(error).rpartition(": ")[2]
            raise InputError(f"{path}, line {place}: {value[:80]} is not a number") from None
        if not all(abs(value) <= MAX_PX for value in numbers[image_id]):
            raise InputError(f"{path}, line {place} ({image_id}): expected numbers from -{MAX_PX} to {MAX_PX}")
    if not numbers:
        raise InputError(f"{path}: is empty: it lists no photos")
    return list(numbers), np.array(list(numbers.values()))


@dataclass(frozen=True)
class LandmarkSource:
    """A form of landmark set, and what is known of its faces.

    Attributes:
        read: takes the annotation file, gives the table.
        labels: who set the points: `people`, `unknown`, or `dataset`: whoever annotated the photos of the chain.
        boxes: who made the boxes: `people`, `dataset`, or `points`: they were drawn round the set's own points.
        apart: what train, dev and test never share: `people`, or `photos` where nobody knows who is in them.
    """

    read: Callable[[Path], pd.DataFrame]
    labels: str
    boxes: str
    apart: str


SOURCES = {
    "selected": LandmarkSource(read_selection, labels="dataset", boxes="dataset", apart="people"),
    "mtfl": LandmarkSource(read_mtfl, labels="people", boxes="people", apart="photos"),
    # frames of videos that went through a program; its list does not say whether people had a hand in the points
    "keypoints68": LandmarkSource(read_keypoints68, labels="unknown", boxes="points", apart="people"),
}


def read_landmark_set(source: str, annotations: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    """Reads the set that `landmarks.source` names from its annotation file.

    Returns:
        The table; and `labels`, `boxes` and `apart` as in `LandmarkSource`, `labels` being `synthetic` for faces that
        the project made.

    Raises:
        InputError: the file is missing or not in that source's format.
    """
    known = SOURCES[source]
    rows = known.read(annotations)
    labels = "synthetic" if is_synthetic(rows.image_id) else known.labels
    return rows, {"labels": labels, "boxes": known.boxes, "apart": known.apart}
