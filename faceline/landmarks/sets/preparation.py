"""Turns a landmark set into packed windows, with what a detector finds on some of its photos."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pandas as pd

from faceline.imaging.parallel import usable_cores
from faceline.core.errors import InputError
from faceline.imaging.images import decode_rgb
from faceline.imaging.progress import track
from faceline.photos.photos import Photos
from faceline.core.columns import BOX_COLUMNS
from faceline.geometry.boxes import BoxMap
from faceline.geometry.points import defects, points_of
from faceline.landmarks.sets.detections import DETECTED_COLUMNS, Find, chosen_for_detection, fit_box_map, matched

MOST_TEST = 400
MOST_TRAIN = 200
SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class PreparedSet:
    """The faces of a landmark set that can be used.

    Attributes:
        rows: sound rows, with `DETECTED_COLUMNS` added (NaN where nothing was found or looked for).
        defects: how many rows were left out, by reason.
        box_map: detector's box -> the set's boxes, fitted on train rows.
        looked, missed: test faces on which the detector was run, and on which it found no box over them.
    """

    rows: pd.DataFrame
    defects: dict[str, int]
    box_map: BoxMap
    looked: int
    missed: int


def prepare_set(rows: pd.DataFrame, photos: Photos, find: Find) -> PreparedSet:
    """Looks at every photo once, leaves out degenerate rows, and runs the detector on some of the rest.

    Raises:
        InputError: a listed photo is missing, or too few sound faces remain in a split.
    """
    reasons, detected = [], np.full((len(rows), len(DETECTED_COLUMNS)), np.nan)
    looking = chosen_for_detection(rows, MOST_TEST, MOST_TRAIN)
    points = points_of(rows)
    boxes = rows[BOX_COLUMNS].to_numpy(np.float64)
    images = _decoded(photos, rows.image_id)
    for place, photo in enumerate(track(images, "looking at photos", len(rows))):
        reason = defect(photo, boxes[place], points[place])
        reasons.append(reason)
        if looking[place] and not reason:
            detected[place] = matched(*find(photo), boxes[place])
    images.close()
    reasons = np.array(reasons, dtype=object)
    sound = reasons == ""
    kept = pd.concat([rows, pd.DataFrame(detected, columns=DETECTED_COLUMNS, index=rows.index)], axis=1)[sound]
    _require_splits(kept)
    looked = looking & sound & (rows.split == "test").to_numpy()
    train = (kept.split == "train").to_numpy()
    return PreparedSet(
        rows=kept.reset_index(drop=True),
        defects={reason: int((reasons == reason).sum()) for reason in sorted(set(reasons[~sound]))},
        box_map=fit_box_map(detected[sound][train][:, : len(BOX_COLUMNS)], boxes[sound][train]),
        looked=int(looked.sum()),
        missed=int((looked & np.isnan(detected[:, 0])).sum()),
    )


def defect(photo: np.ndarray | None, box: np.ndarray, points: np.ndarray) -> str:
    """Why a face cannot be used, "" where it can: `unreadable`, `no_box`, or one of the landmarks' defects."""
    if photo is None:
        return "unreadable"
    if not (np.isfinite(box).all() and (box[2:] > 0).all()):
        return "no_box"
    height, width = photo.shape[:2]
    return str(defects(points[None], np.array([width]), np.array([height]))[0])


def _decoded(photos: Photos, image_ids: Iterable[str]) -> Iterator[np.ndarray | None]:
    """Photos in order, decoded by threads a few ahead; None for one that cannot be decoded."""

    def decode(image_id: str) -> np.ndarray | None:
        encoded = photos.read(image_id)
        try:
            return decode_rgb(encoded, image_id)
        except InputError:
            return None

    remaining = iter(image_ids)
    with ThreadPoolExecutor(usable_cores()) as pool:
        ahead = [pool.submit(decode, image_id) for image_id in islice(remaining, 16)]
        while ahead:
            yield ahead.pop(0).result()
            ahead.extend(pool.submit(decode, image_id) for image_id in islice(remaining, 1))


def _require_splits(rows: pd.DataFrame) -> None:
    counts = rows.split.value_counts()
    empty = [split for split in SPLITS if not counts.get(split, 0)]
    if empty:
        raise InputError(f"the landmark set has no usable faces for {', '.join(empty)}; each of {SPLITS} needs some")
