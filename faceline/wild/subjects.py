"""Finds each annotated subject in the original photo by the detector alone, and aligns that face.

The annotated box does nothing but say which of the faces found is the subject.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from faceline.core.errors import FacelineError, InputError
from faceline.imaging.images import decode_rgb, encode_jpeg
from faceline.packed.sets import PackedWriter
from faceline.alignment.fit.params import AlignParams
from faceline.core.columns import ATTRIBUTES
from faceline.imaging.progress import track
from faceline.photos.photos import Photos
from faceline.alignment.fit.template import fit_alignment, outside_share
from faceline.core.columns import BOX_COLUMNS
from faceline.geometry.boxes import iou
from faceline.geometry.points import point_table
from faceline.detection.detectors_old import Detector, to_celeba
from faceline.pipeline.face_pipeline import Landmarker, sample_tile
from faceline.pipeline.photo_files import Photo

ROLES = ("dev", "query", "distractor")
PERSON_COLUMNS = ["image_id", "person", "role", "split"]
_BATCH = 32


@dataclass(frozen=True)
class _Subject:
    """Where the subject of a photo was found, or why it was not."""

    reason: str
    box: np.ndarray | None = None
    score: float = np.nan
    overlap: float = np.nan


def find_subjects(
    selected: pd.DataFrame,
    photos: Photos,
    detector: Detector,
    landmarker: Landmarker,
    align: AlignParams,
    min_iou: float,
    writer: PackedWriter,
    workers: int = 2,
) -> pd.DataFrame:
    """Writes the aligned face of every subject found.

    Args:
        selected: rows of people in `ROLES`, with annotated boxes in photo px.
        min_iou: overlap with the annotated box, after the detector's box has been brought to its convention, under
            which a detection is not the subject.

    Returns:
        The photos whose subject could not be had: person columns, attributes, and the reason: `unreadable`,
        `no_face`, `no_match`, or an alignment's.

    Raises:
        FacelineError: there is no subject in any photo.
    """
    rejected = []
    written = 0
    for rows, images in _decoded(selected, photos, workers):
        subjects = _subjects(rows, images, detector, landmarker, min_iou)
        kept = np.array([not subject.reason for subject in subjects])
        reason = np.array([subject.reason for subject in subjects], object)
        if kept.any():
            faces = [subject for subject in subjects if not subject.reason]
            own = [image for image, keep in zip(images, kept, strict=True) if keep]
            views = np.stack([landmarker.view(face.box) for face in faces])
            points, scores = landmarker.predict(own, views)
            fit = fit_alignment(points, align)
            reason[kept] = fit.reason
            good = np.flatnonzero(fit.reason == "")
            tiles, outside = [], []
            for i in good:
                height, width = own[i].shape[:2]
                tile = sample_tile(own[i], fit.to_photo[i], align.size_px)
                tiles.append(encode_jpeg(tile, align.jpeg_quality))
                outside.append(outside_share(fit.to_photo[i], align.size_px, width, height))
            facts = rows[reason == ""][[*PERSON_COLUMNS, *ATTRIBUTES]].reset_index(drop=True)
            found = pd.DataFrame(
                {
                    "landmark_score": scores[good].mean(axis=1),
                    "template_error": fit.template_error[good],
                    "outside_share": np.array(outside, float),
                    "iou": np.array([faces[i].overlap for i in good], float),
                    "score": np.array([faces[i].score for i in good], float),
                }
            )
            boxes = pd.DataFrame(np.array([faces[i].box for i in good], float).reshape(-1, 4), columns=BOX_COLUMNS)
            if len(good):
                writer.write(pd.concat([facts, point_table(points[good]), found, boxes], axis=1), tiles)
                written += len(good)
        rejected.append(rows[reason != ""][[*PERSON_COLUMNS, *ATTRIBUTES]].assign(reason=reason[reason != ""]))
    if not written:
        raise FacelineError("no subject was found in any photo; look at wild.min_score, wild.min_iou and the photos")
    return pd.concat(rejected, ignore_index=True)


def _subjects(
    rows: pd.DataFrame,
    images: list[np.ndarray | None],
    detector: Detector,
    landmarker: Landmarker,
    min_iou: float,
) -> list[_Subject]:
    readable = [Photo(name, "ok", image=image) for name, image in zip(rows.image_id, images, strict=True)]
    found = iter(detector.find([photo for photo in readable if photo.image is not None]))
    subjects = []
    for photo, annotated in zip(readable, rows[BOX_COLUMNS].to_numpy(np.float64), strict=True):
        if photo.image is None:
            subjects.append(_Subject("unreadable"))
            continue
        detections = next(found)
        if not len(detections.boxes):
            subjects.append(_Subject("no_face"))
            continue
        boxes = to_celeba(detections.boxes, detections.points, detector.convention, landmarker.box_map)
        overlaps = iou(boxes, annotated)
        best = int(overlaps.argmax())
        reason = "" if overlaps[best] >= min_iou else "no_match"
        subjects.append(_Subject(reason, boxes[best], float(detections.scores[best]), float(overlaps[best])))
    return subjects


def _decoded(
    selected: pd.DataFrame, photos: Photos, workers: int
) -> Iterator[tuple[pd.DataFrame, list[np.ndarray | None]]]:
    """Batches of rows with their photos, None where one cannot be read."""

    def read(image_id: str) -> np.ndarray | None:
        try:
            return decode_rgb(photos.read(image_id), image_id)
        except InputError:
            return None

    with ThreadPoolExecutor(max(1, workers)) as pool, track((), "find", total=len(selected)) as bar:
        for start in range(0, len(selected), _BATCH):
            rows = selected.iloc[start : start + _BATCH]
            yield rows, list(pool.map(read, rows.image_id))
            bar.update(len(rows))
