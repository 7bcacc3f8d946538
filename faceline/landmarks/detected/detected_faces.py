"""What a detector finds on some faces of a landmark set: boxes to start from, and points to compare with."""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from faceline.boxes.boxes import BoxMap, iou
from faceline.core.columns import BOX_COLUMNS, IMAGE_ID, POINT_COLUMNS
from faceline.core.errors import InputError
from faceline.core.files import replacing
from faceline.tables.tables import check_numbers, open_parquet, read_columns

# boxes are in the set's convention, points the detector's own; NaN where no box lies over the annotated one
DETECTED_BOX = [f"detected_{column}" for column in BOX_COLUMNS]
DETECTED_POINTS = [f"detected_{column}" for column in POINT_COLUMNS]
_HINT = "`dvc repro detect_landmarks` writes it"
MAX_FACES = {"test": 400, "train": 200}

# boxes (n, 4) and points (n, 5, 2) of a photo, photo px
Find = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def choose_faces(rows: pd.DataFrame) -> np.ndarray:
    """(n,) bool: up to `MAX_FACES` rows of each split, those whose names have the smallest hashes."""
    ranks = rows.image_id.map(lambda name: hashlib.sha256(f"detect {name}".encode()).hexdigest()).rank(method="first")
    chosen = np.zeros(len(rows), bool)
    for split, most in MAX_FACES.items():
        chosen[ranks[rows.split == split].nsmallest(most).index] = True
    return chosen


def detect_faces(rows: pd.DataFrame, images: Iterable[np.ndarray], find: Find) -> tuple[pd.DataFrame, BoxMap]:
    """Runs a detector on a photo for each row.

    Args:
        rows: image_id, split and annotated box, index 0..n-1.

    Returns:
        image_id, split, `DETECTED_BOX` and `DETECTED_POINTS` of each row; and the map from the detector's boxes to
        annotated ones, measured on train rows and already applied to the boxes.
    """
    annotated = rows[BOX_COLUMNS].to_numpy(np.float64)
    detected = np.array([matched(*find(image), box) for image, box in zip(images, annotated, strict=True)])
    boxes, points = detected[:, : len(BOX_COLUMNS)], detected[:, len(BOX_COLUMNS) :]
    train = (rows.split == "train").to_numpy()
    box_map = fit_box_map(boxes[train], annotated[train])
    columns = [
        rows[[IMAGE_ID, "split"]],
        pd.DataFrame(box_map.apply(boxes), columns=DETECTED_BOX),
        pd.DataFrame(points, columns=DETECTED_POINTS),
    ]
    return pd.concat(columns, axis=1), box_map


def matched(boxes: np.ndarray, points: np.ndarray, annotated: np.ndarray) -> np.ndarray:
    """(14,) the detected box that overlaps an annotated (4,) box best, and its points; NaN under an IoU of 0.4."""
    overlap = iou(boxes, annotated)
    if overlap.max(initial=0) < 0.4:
        return np.full(len(DETECTED_BOX) + len(DETECTED_POINTS), np.nan)
    best = overlap.argmax()
    return np.concatenate([boxes[best], points[best].reshape(-1)])


def fit_box_map(detected: np.ndarray, annotated: np.ndarray) -> BoxMap:
    """The map from detected (n, 4) boxes to annotated ones, NaN left out; with under 20 pairs, boxes as they are."""
    found = np.isfinite(detected).all(axis=1)
    return BoxMap() if found.sum() < 20 else BoxMap.fit(detected[found], annotated[found])


def write_detected(path: Path, detector: str, table: pd.DataFrame) -> None:
    with replacing(path) as temporary:
        table.assign(detector=detector).to_parquet(temporary, index=False)


def read_detected(path: Path) -> tuple[str, pd.DataFrame]:
    """The detector's name, and the table by image_id; InputError where there is no table of detections."""
    required = {IMAGE_ID: "text", "split": "text", "detector": "text"}
    file = open_parquet(path, required | dict.fromkeys([*DETECTED_BOX, *DETECTED_POINTS], "numbers"), _HINT)
    table = read_columns(file, path, [*required, *DETECTED_BOX, *DETECTED_POINTS], _HINT).to_pandas()
    if table.detector.nunique(dropna=False) != 1 or table.detector.isna().any():
        raise InputError(f"{path}: column detector: expected one name in all rows; {_HINT}")
    found = table[table[DETECTED_BOX[0]].notna()]
    check_numbers(found, [*DETECTED_BOX, *DETECTED_POINTS], path, _HINT)
    check_numbers(found, DETECTED_BOX[2:], path, _HINT, low=0)
    return str(table.detector.iloc[0]), table.set_index(IMAGE_ID)[["split", *DETECTED_BOX, *DETECTED_POINTS]]
