"""Aligns a packed set of crops twice, by the hourglass's landmarks and by annotated ones, in one pass."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from faceline.alignment.fit.alignment import ALIGNMENT_DEFECTS, template_error
from faceline.alignment.fit.params import AlignParams
from faceline.alignment.tiles.tiles import AlignedTiles, StoredTiles, align_by_points, predict_and_align
from faceline.core.columns import BOX_COLUMNS, QUERY
from faceline.core.errors import FacelineError
from faceline.engines.engine import LOCAL, Engine, Work
from faceline.imaging.images import decode_rgb
from faceline.landmarks.net.predictor import LandmarkPredictor
from faceline.packed.sets import PackedSet, PackedWriter
from faceline.pictures.sheets import PREDICTION, sheet, with_points, write_png
from faceline.points.points import points_of
from faceline.windows.windows import compose, from_photo_of, invert, net_view, sample, transform

_CHUNK = 256
_PAIRS = 24


@dataclass
class AlignmentRecord:
    """What the alignment of a set leaves behind besides its tiles.

    Attributes:
        rows, rejected: of the faces aligned by the hourglass, and of those that could not be.
        annotated_rejected: faces that could not be aligned by their annotated landmarks.
        error_unaligned: distance from the template without alignment, of every face.
        pairs: some (unaligned, aligned) faces to look at.
        journey: one query person's face step by step: its crop with the box, what the hourglass sees with the points
            it finds, the aligned tile; empty when there is none.
        totals: (2, size_px, size_px, 3) sums of all unaligned and of all aligned faces.
    """

    totals: np.ndarray
    rows: list[pd.DataFrame] = field(default_factory=list)
    rejected: list[pd.DataFrame] = field(default_factory=list)
    annotated_rejected: list[pd.DataFrame] = field(default_factory=list)
    error_unaligned: list[np.ndarray] = field(default_factory=list)
    pairs: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    journey: dict[str, np.ndarray] = field(default_factory=dict)

    def metrics(self) -> dict[str, float | None]:
        """Counts, rejects by reason, and how well and how completely the tiles are filled."""
        aligned, rejected = pd.concat(self.rows, ignore_index=True), pd.concat(self.rejected, ignore_index=True)
        faces = len(aligned) + len(rejected)
        return {
            "faces": faces,
            "aligned": len(aligned),
            "rejected": len(rejected),
            "rejected_share": len(rejected) / faces,
            **{f"rejected_{reason}": int((rejected.reason == reason).sum()) for reason in ALIGNMENT_DEFECTS},
            "outside_share": float(aligned.outside_share.mean()),
            "outside_share_max": float(aligned.outside_share.max()),
            "template_error": float(aligned.template_error.mean()),
            "template_error_unaligned": float(np.concatenate(self.error_unaligned).mean()),
        }

    def draw(self, folder: Path) -> None:
        """Writes `pairs.png` (unaligned above aligned), `mean_face.png` and the steps of `journey/` into a folder."""
        shown = [self.pairs[start : min(start + 12, _PAIRS)] for start in range(0, _PAIRS, 12)]
        write_png(folder / "pairs.png", sheet([pair[side] for row in shown for side in (0, 1) for pair in row], 12))
        means = np.round(self.totals / sum(map(len, self.rows))).astype(np.uint8)
        write_png(folder / "mean_face.png", sheet(list(means), 2))
        for step, picture in self.journey.items():
            write_png(folder / "journey" / f"{step}.png", picture)

    def add(self, rows: pd.DataFrame, images: list[np.ndarray], found: AlignedTiles, every: int) -> None:
        """Takes in faces, one of `every` to look at, beside the box at the tile's size: a chain without landmarks."""
        size_px = self.totals.shape[1]
        bare = net_view(rows[BOX_COLUMNS].to_numpy(np.float64), 0.0, size_px)
        to_window = compose(from_photo_of(rows), bare)
        unaligned = [sample(images[i], to_window[i], size_px) for i in found.aligned]
        self.rows.append(found.rows)
        self.rejected.append(found.rejected)
        self.error_unaligned.append(template_error(transform(invert(bare), found.points), size_px))
        if found.tiles:
            self.totals += [np.sum(unaligned, axis=0, dtype=float), np.sum(found.tiles, axis=0, dtype=float)]
            self.pairs.extend(list(zip(unaligned, found.tiles, strict=True))[::every])

    def merge(self, later: AlignmentRecord) -> None:
        """Takes in what a later batch leaves behind."""
        self.totals += later.totals
        for name in ("rows", "rejected", "annotated_rejected", "error_unaligned", "pairs"):
            getattr(self, name).extend(getattr(later, name))
        self.journey = self.journey or later.journey


@dataclass(frozen=True)
class _Align(Work[bytes, np.ndarray, tuple[AlignmentRecord, StoredTiles, StoredTiles]]):
    """The record of a batch, and its tiles by the hourglass's landmarks and by annotated ones.

    Attributes:
        every: one face of so many is kept to look at.
    """

    what, unit = "align", "face"
    crops: PackedSet
    predictor: LandmarkPredictor
    params: AlignParams
    annotated_roles: Collection[str]
    every: int

    def inputs(self, rows: range) -> Iterator[bytes]:
        return self.crops.encoded(rows)

    def read(self, one: bytes) -> np.ndarray:
        return decode_rgb(one)

    def finish(self, batch: range, images: list[np.ndarray]) -> tuple[AlignmentRecord, StoredTiles, StoredTiles]:
        rows = self.crops.rows.iloc[batch.start : batch.stop]
        found = predict_and_align(rows, images, self.predictor, self.params)
        record = AlignmentRecord(np.zeros((2, self.params.size_px, self.params.size_px, 3)))
        record.add(rows, images, found, self.every)
        record.journey = _journey(rows, images, found, self.predictor)
        chosen = np.flatnonzero(rows["role"].isin(self.annotated_roles))
        own = rows.iloc[chosen]
        by_annotation = align_by_points(own, [images[i] for i in chosen], points_of(own), self.params)
        record.annotated_rejected.append(by_annotation.rejected)
        quality = self.params.jpeg_quality
        return record, found.stored(quality), by_annotation.stored(quality)


def align_crops(
    crops: PackedSet,
    predictor: LandmarkPredictor,
    params: AlignParams,
    writer: PackedWriter,
    annotated_writer: PackedWriter,
    annotated_roles: Collection[str],
    engine: Engine = LOCAL,
) -> AlignmentRecord:
    """Writes the tile of every crop that can be aligned by the hourglass's landmarks, and by its annotated ones.

    Args:
        annotated_roles: whose crops are aligned by annotated landmarks as well, for comparison.

    Raises:
        FacelineError: not one face could be aligned.
    """
    record = AlignmentRecord(np.zeros((2, params.size_px, params.size_px, 3)))
    work = _Align(crops, predictor, params, annotated_roles, max(1, len(crops) // _PAIRS))
    for _, (part, tiles, annotated) in engine.map(work, len(crops), _CHUNK):
        record.merge(part)
        tiles.write(writer)
        annotated.write(annotated_writer)
    if not sum(map(len, record.rows)):
        reasons = pd.concat(record.rejected).reason.value_counts().to_dict()
        raise FacelineError(f"none of {len(crops)} faces could be aligned: {reasons}")
    return record


def _journey(
    rows: pd.DataFrame, images: list[np.ndarray], found: AlignedTiles, predictor: LandmarkPredictor
) -> dict[str, np.ndarray]:
    """Pictures of the first query person's face that could be aligned."""
    queried = np.flatnonzero(found.rows.role == QUERY)
    if not len(queried):
        return {}
    place = int(found.aligned[queried[0]])
    row, image = rows.iloc[place : place + 1], images[place]
    (from_photo,), (box,) = from_photo_of(row), row[BOX_COLUMNS].to_numpy(np.float64)
    corners = transform(from_photo, np.stack([box[:2], box[:2] + box[2:]]) - 0.5)
    view = predictor.view(box)
    seen = sample(image, compose(from_photo, view), predictor.input_px)
    in_view = transform(invert(view), found.points[place])
    low, high = np.round(corners).astype(int).tolist()
    return {
        "crop": cv2.rectangle(image.copy(), low, high, PREDICTION, 2),
        "view": with_points(seen, [(in_view, PREDICTION)], 2 * predictor.input_px, 4.0),
        "aligned": found.tiles[queried[0]],
    }
