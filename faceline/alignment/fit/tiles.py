"""Aligns a packed set of crops with the hourglass: crop in, landmarks found, tile of the ArcFace template out."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from faceline.core.errors import FacelineError
from faceline.pictures.sheets import sheet, write_png
from faceline.imaging.images import decode_all, encode_jpeg
from faceline.packed.sets import PackedSet, PackedWriter
from faceline.alignment.fit.params import AlignParams
from faceline.core.columns import ATTRIBUTES
from faceline.imaging.progress import track
from faceline.alignment.fit.template import REASONS, fit_alignment, outside_share, template, template_error
from faceline.core.columns import BOX_COLUMNS
from faceline.geometry.points import point_table, points_of
from faceline.windows.windows import WINDOW_COLUMNS, Window, compose, invert, net_view, sample, transform
from faceline.pictures.drawing import PREDICTION, drawn
from faceline.landmarks.training.net_inputs import windows_of
from faceline.landmarks.net.predictor import LandmarkPredictor

PERSON_COLUMNS = ["image_id", "person", "role", "split"]
CARRIED_COLUMNS = [*PERSON_COLUMNS, *ATTRIBUTES]
_CHUNK = 256


@dataclass(frozen=True)
class AlignedChunk:
    """Some faces of a set, aligned.

    Attributes:
        facts: one row per aligned face.
        tiles: its aligned pixels, (size_px, size_px, 3) each.
        unaligned: the box of each of them brought to the same size: what a chain without landmarks would use.
        rejected: the faces that could not be aligned, with `reason`.
        error_unaligned: distance from the template without alignment, of every face.
    """

    facts: pd.DataFrame
    tiles: list[np.ndarray]
    unaligned: list[np.ndarray]
    rejected: pd.DataFrame
    error_unaligned: np.ndarray


@dataclass(frozen=True)
class AlignmentRecord:
    """What the alignment of a set leaves behind besides its tiles.

    Attributes:
        rejected: who could not be aligned, with `reason`.
        metrics: flat figures for the metrics file.
        pairs: some (unaligned, aligned) faces to look at.
        journey: the first measured person's face step by step: its crop with the box, what the hourglass sees with
            the points it finds, the aligned tile.
        mean_unaligned, mean_aligned: the mean of all faces, a check by eye that they lie on one another.
    """

    rejected: pd.DataFrame
    metrics: dict[str, float | None]
    pairs: list[tuple[np.ndarray, np.ndarray]]
    journey: dict[str, np.ndarray]
    mean_unaligned: np.ndarray
    mean_aligned: np.ndarray


def tile_metadata(params: AlignParams, predictor: LandmarkPredictor) -> dict:
    """What a set of aligned tiles says of itself; the recogniser's file repeats it and checks it."""
    points = np.round(template(params.size_px), 4).tolist()
    return {"size_px": params.size_px, "template": points, "landmarks": "hourglass", "drawn": predictor.drawn}


def align_crops(
    crops: PackedSet, predictor: LandmarkPredictor, params: AlignParams, writer: PackedWriter, pairs: int = 24
) -> AlignmentRecord:
    """Writes the aligned tile of every crop that can be aligned.

    Args:
        pairs: how many (unaligned, aligned) pairs to keep, spread evenly over the set.

    Raises:
        FacelineError: not one face could be aligned.
    """
    every = max(1, len(crops) // pairs)
    chunks, shown, steps = [], [], {}
    totals = np.zeros((2, params.size_px, params.size_px, 3))
    for rows, images in _decoded(crops):
        chunk = align_chunk(rows, images, predictor, params)
        if chunk.tiles:
            writer.write(chunk.facts, [encode_jpeg(tile, params.jpeg_quality) for tile in chunk.tiles])
            totals += [np.sum(chunk.unaligned, axis=0, dtype=float), np.sum(chunk.tiles, axis=0, dtype=float)]
            shown.extend(list(zip(chunk.unaligned, chunk.tiles, strict=True))[::every])
            steps = steps or journey(rows, images, chunk, predictor)
        chunks.append(replace(chunk, tiles=[], unaligned=[]))
    facts = pd.concat([chunk.facts for chunk in chunks], ignore_index=True)
    rejected = pd.concat([chunk.rejected for chunk in chunks], ignore_index=True)
    if facts.empty:
        raise FacelineError(
            f"none of {len(rejected)} faces could be aligned: {rejected.reason.value_counts().to_dict()}"
        )
    error_unaligned = float(np.concatenate([chunk.error_unaligned for chunk in chunks]).mean())
    metrics = summarise_alignment(facts, rejected) | {"template_error_unaligned": error_unaligned}
    means = np.round(totals / len(facts)).astype(np.uint8)
    return AlignmentRecord(rejected, metrics, shown[:pairs], steps, means[0], means[1])


def align_annotated(
    crops: PackedSet, roles: Collection[str], params: AlignParams, writer: PackedWriter
) -> pd.DataFrame:
    """Writes the tiles of some roles' crops as their annotated landmarks place them: no net has a say in it.

    Returns:
        The faces that could not be aligned, with `reason`.
    """
    chosen = np.flatnonzero(crops.facts["role"].isin(roles).to_numpy())
    rows = crops.facts.iloc[chosen]
    fit = fit_alignment(points_of(rows), params)
    good = fit.reason == ""
    kept, to_photo = rows[good], fit.to_photo[good]
    images = iter(decode_all(crops.encoded(chosen[good])))
    for start in range(0, len(kept), _CHUNK):
        part = kept.iloc[start : start + _CHUNK]
        from_photo = np.stack([window.from_photo() for window in windows_of(part)])
        to_window = compose(from_photo, to_photo[start : start + _CHUNK])
        tiles = [sample(next(images), affine, params.size_px) for affine in to_window]
        encoded = [encode_jpeg(tile, params.jpeg_quality) for tile in tiles]
        writer.write(part[CARRIED_COLUMNS].reset_index(drop=True), encoded)
    return rows[~good][CARRIED_COLUMNS].assign(reason=fit.reason[~good])


def align_chunk(
    rows: pd.DataFrame, images: list[np.ndarray], predictor: LandmarkPredictor, params: AlignParams
) -> AlignedChunk:
    """Aligns the faces of some rows of a packed set of crops, given their decoded windows."""
    windows = windows_of(rows)
    from_photo = np.stack([window.from_photo() for window in windows])
    boxes = rows[BOX_COLUMNS].to_numpy(np.float64)
    views = compose(from_photo, np.stack([predictor.view(box) for box in boxes]))
    in_window, scores = predictor.predict(images, views)
    points = transform(invert(from_photo), in_window)
    fit = fit_alignment(points, params)
    good = np.flatnonzero(fit.reason == "")
    bare = np.stack([net_view(box, 0.0, params.size_px) for box in boxes])
    to_window = compose(from_photo[good], fit.to_photo[good])
    shares = [
        outside_share(affine, params.size_px, windows[i].stored_px, windows[i].stored_px)
        for i, affine in zip(good, to_window, strict=True)
    ]
    facts = pd.concat(
        [rows[CARRIED_COLUMNS].iloc[good].reset_index(drop=True), point_table(points[good])], axis=1
    ).assign(landmark_score=scores[good].mean(axis=1), template_error=fit.template_error[good], outside_share=shares)
    return AlignedChunk(
        facts,
        [sample(images[i], affine, params.size_px) for i, affine in zip(good, to_window, strict=True)],
        [sample(images[i], compose(from_photo[i], bare[i]), params.size_px) for i in good],
        rows[CARRIED_COLUMNS][fit.reason != ""].assign(reason=fit.reason[fit.reason != ""]),
        template_error(transform(invert(bare), points), params.size_px),
    )


def journey(
    rows: pd.DataFrame, images: list[np.ndarray], chunk: AlignedChunk, predictor: LandmarkPredictor
) -> dict[str, np.ndarray]:
    """Pictures of one face's way, the first of a query person that could be aligned; empty when there is none."""
    queried = np.flatnonzero(chunk.facts.role == "query")
    if not len(queried):
        return {}
    facts = chunk.facts.iloc[queried[0]]
    place = int(np.flatnonzero(rows.image_id == facts.image_id)[0])
    row, image = rows.iloc[place], images[place]
    from_photo = Window(*(int(row[name]) for name in WINDOW_COLUMNS)).from_photo()
    box = row[BOX_COLUMNS].to_numpy(np.float64)
    corners = transform(from_photo, np.stack([box[:2], box[:2] + box[2:]]) - 0.5)
    view = compose(from_photo, predictor.view(box))
    in_view = transform(invert(predictor.view(box)), points_of(chunk.facts.iloc[queried[:1]])[0])
    seen = sample(image, view, predictor.input_px)
    crop = cv2.rectangle(image.copy(), *np.round(corners).astype(int).tolist(), PREDICTION, 2)
    return {
        "crop": crop,
        "view": drawn(seen, [(in_view, PREDICTION)], 2 * predictor.input_px, 4.0),
        "aligned": chunk.tiles[queried[0]],
    }


def summarise_alignment(aligned: pd.DataFrame, rejected: pd.DataFrame) -> dict[str, float | None]:
    """Counts, rejects by reason, and how well and how completely the tiles are filled."""
    faces = len(aligned) + len(rejected)
    return {
        "faces": faces,
        "aligned": len(aligned),
        "rejected": len(rejected),
        "rejected_share": len(rejected) / faces,
        **{f"rejected_{reason}": int((rejected.reason == reason).sum()) for reason in REASONS},
        "outside_share": float(aligned.outside_share.mean()),
        "outside_share_max": float(aligned.outside_share.max()),
        "template_error": float(aligned.template_error.mean()),
    }


def draw_alignment(record: AlignmentRecord, folder: Path) -> None:
    """Writes `pairs.png` (unaligned above aligned), `mean_face.png` and the steps of `journey/` into a folder."""
    tiles = [tile for pair in record.pairs for tile in pair]
    columns = 12
    rows = [tiles[i : i + 2 * columns] for i in range(0, len(tiles), 2 * columns)]
    ordered = [tile for row in rows for tile in (*row[::2], *row[1::2])]
    write_png(folder / "pairs.png", sheet(ordered, columns))
    write_png(folder / "mean_face.png", sheet([record.mean_unaligned, record.mean_aligned], 2))
    for step, picture in record.journey.items():
        write_png(folder / "journey" / f"{step}.png", picture)


def _decoded(crops: PackedSet) -> Iterator[tuple[pd.DataFrame, list[np.ndarray]]]:
    images = iter(track(decode_all(crops.encoded()), "align", total=len(crops), unit="face"))
    for start in range(0, len(crops), _CHUNK):
        rows = crops.facts.iloc[start : start + _CHUNK]
        yield rows, [next(images) for _ in range(len(rows))]
