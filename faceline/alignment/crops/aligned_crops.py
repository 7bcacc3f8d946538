"""Aligns a packed set of crops twice, by the hourglass's landmarks and by annotated ones, in one pass."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from faceline.alignment.fit.params import AlignParams
from faceline.alignment.fit.template import ALIGNMENT_DEFECTS, template_error
from faceline.alignment.fit.tiles import AlignedTiles, align_by_points, predict_and_align
from faceline.core.columns import BOX_COLUMNS, QUERY
from faceline.core.errors import FacelineError
from faceline.geometry.points import points_of
from faceline.imaging.images import decode_all, encode_jpeg
from faceline.imaging.progress import track
from faceline.landmarks.net.predictor import LandmarkPredictor
from faceline.packed.sets import PackedSet, PackedWriter
from faceline.pictures.sheets import PREDICTION, sheet, with_points, write_png
from faceline.windows.windows import compose, invert, net_view, sample, transform, windows_of

_CHUNK = 256
_PAIRS = 24
_COLUMNS = 12


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
        shown = self.pairs[:_PAIRS]
        blocks = [shown[start : start + _COLUMNS] for start in range(0, len(shown), _COLUMNS)]
        ordered = [pair[side] for block in blocks for side in (0, 1) for pair in block]
        write_png(folder / "pairs.png", sheet(ordered, _COLUMNS))
        means = np.round(self.totals / sum(map(len, self.rows))).astype(np.uint8)
        write_png(folder / "mean_face.png", sheet(list(means), 2))
        for step, picture in self.journey.items():
            write_png(folder / "journey" / f"{step}.png", picture)


def align_crops(
    crops: PackedSet,
    predictor: LandmarkPredictor,
    params: AlignParams,
    writer: PackedWriter,
    annotated_writer: PackedWriter,
    annotated_roles: Collection[str],
) -> AlignmentRecord:
    """Writes the tile of every crop that can be aligned by the hourglass's landmarks, and by its annotated ones.

    Args:
        annotated_roles: whose crops are aligned by annotated landmarks as well, for comparison.

    Raises:
        FacelineError: not one face could be aligned.
    """
    every = max(1, len(crops) // _PAIRS)
    record = AlignmentRecord(np.zeros((2, params.size_px, params.size_px, 3)))
    for rows, images in _decoded(crops):
        found = predict_and_align(rows, images, predictor, params)
        _note(record, rows, images, found, predictor, params, every)
        _write(writer, found, params)
        chosen = np.flatnonzero(rows["role"].isin(annotated_roles))
        own = rows.iloc[chosen]
        by_annotation = align_by_points(own, [images[i] for i in chosen], points_of(own), params)
        _write(annotated_writer, by_annotation, params)
        record.annotated_rejected.append(by_annotation.rejected)
    if not sum(map(len, record.rows)):
        reasons = pd.concat(record.rejected).reason.value_counts().to_dict()
        raise FacelineError(f"none of {len(crops)} faces could be aligned: {reasons}")
    return record


def _write(writer: PackedWriter, found: AlignedTiles, params: AlignParams) -> None:
    if found.tiles:
        writer.write(found.rows, [encode_jpeg(tile, params.jpeg_quality) for tile in found.tiles])


def _note(
    record: AlignmentRecord,
    rows: pd.DataFrame,
    images: list[np.ndarray],
    found: AlignedTiles,
    predictor: LandmarkPredictor,
    params: AlignParams,
    every: int,
) -> None:
    """Adds some faces to the record, with what a chain without landmarks would use: the box at the tile's size."""
    from_photo = np.stack([window.from_photo() for window in windows_of(rows)])
    bare = np.stack([net_view(box, 0.0, params.size_px) for box in rows[BOX_COLUMNS].to_numpy(np.float64)])
    unaligned = [sample(images[i], compose(from_photo[i], bare[i]), params.size_px) for i in found.aligned]
    record.rows.append(found.rows)
    record.rejected.append(found.rejected)
    record.error_unaligned.append(template_error(transform(invert(bare), found.points), params.size_px))
    if found.tiles:
        record.totals += [np.sum(unaligned, axis=0, dtype=float), np.sum(found.tiles, axis=0, dtype=float)]
        record.pairs.extend(list(zip(unaligned, found.tiles, strict=True))[::every])
        record.journey = record.journey or _journey(rows, images, found, predictor)


def _journey(
    rows: pd.DataFrame, images: list[np.ndarray], found: AlignedTiles, predictor: LandmarkPredictor
) -> dict[str, np.ndarray]:
    """Pictures of the first query person's face that could be aligned."""
    queried = np.flatnonzero(found.rows.role == QUERY)
    if not len(queried):
        return {}
    place = int(found.aligned[queried[0]])
    row, image = rows.iloc[place : place + 1], images[place]
    from_photo = windows_of(row)[0].from_photo()
    box = row[BOX_COLUMNS].to_numpy(np.float64)[0]
    corners = transform(from_photo, np.stack([box[:2], box[:2] + box[2:]]) - 0.5)
    view = predictor.view(box)
    seen = sample(image, compose(from_photo, view), predictor.input_px)
    in_view = transform(invert(view), found.points[place])
    return {
        "crop": cv2.rectangle(image.copy(), *np.round(corners).astype(int).tolist(), PREDICTION, 2),
        "view": with_points(seen, [(in_view, PREDICTION)], 2 * predictor.input_px, 4.0),
        "aligned": found.tiles[queried[0]],
    }


def _decoded(crops: PackedSet) -> Iterator[tuple[pd.DataFrame, list[np.ndarray]]]:
    images = iter(track(decode_all(crops.encoded()), "align", total=len(crops), unit="face"))
    for start in range(0, len(crops), _CHUNK):
        rows = crops.rows.iloc[start : start + _CHUNK]
        yield rows, [next(images) for _ in range(len(rows))]
