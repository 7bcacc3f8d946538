"""Aligned tiles of faces in stored windows, by predicted or by annotated landmarks: the one way to a tile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from faceline.alignment.fit.alignment import fit_alignment
from faceline.alignment.fit.params import AlignParams
from faceline.alignment.geometry.template import template
from faceline.core.columns import ATTRIBUTES, BOX_COLUMNS, PERSON_COLUMNS
from faceline.imaging.images import encode_jpeg
from faceline.landmarks.net.predictor import LandmarkPredictor
from faceline.packed.sets import PackedWriter
from faceline.points.points import point_table
from faceline.windows.windows import compose, from_photo_of, invert, outside_share, sample, transform

CARRIED_COLUMNS = [*PERSON_COLUMNS, *ATTRIBUTES]


@dataclass(frozen=True)
class AlignedTiles:
    """Some faces, aligned.

    Attributes:
        points: (n, 5, 2) the landmarks of every face, photo px.
        aligned: (m,) positions of the faces that could be aligned.
        rows: (m) person, attributes, landmarks, `template_error` and `outside_share` of those.
        tiles: their aligned pixels, (size_px, size_px, 3) each.
        rejected: person, attributes and `reason` of the other faces.
    """

    points: np.ndarray
    aligned: np.ndarray
    rows: pd.DataFrame
    tiles: list[np.ndarray]
    rejected: pd.DataFrame

    def stored(self, jpeg_quality: int) -> StoredTiles:
        return StoredTiles(self.rows, [encode_jpeg(tile, jpeg_quality) for tile in self.tiles])


@dataclass(frozen=True)
class StoredTiles:
    """Aligned faces as a packed set holds them: a JPEG for each of `rows`."""

    rows: pd.DataFrame
    images: list[bytes]

    def write(self, writer: PackedWriter) -> None:
        """Writes them to a packed set, where there are any."""
        if self.images:
            writer.write(self.rows, self.images)


def tile_metadata(params: AlignParams, landmarks: str, synthetic: bool) -> dict:
    """The metadata of a set of aligned tiles, with what found their landmarks; the recogniser's file repeats it."""
    points = np.round(template(params.size_px), 4).tolist()
    return {"size_px": params.size_px, "template": points, "landmarks": landmarks, "synthetic": synthetic}


def predict_and_align(
    rows: pd.DataFrame, images: Sequence[np.ndarray], predictor: LandmarkPredictor, params: AlignParams
) -> AlignedTiles:
    """Aligns faces by the landmarks that the hourglass finds in their boxes; `rows` gain `landmark_score`.

    Args:
        rows: person, attributes, box and window of each face.
        images: the windows' pixels.
    """
    from_photo = from_photo_of(rows)
    views = compose(from_photo, np.stack([predictor.view(box) for box in rows[BOX_COLUMNS].to_numpy(np.float64)]))
    in_window, scores = predictor.predict(images, views)
    found = align_by_points(rows, images, transform(invert(from_photo), in_window), params)
    place = list(found.rows.columns).index("template_error")
    found.rows.insert(place, "landmark_score", scores[found.aligned].mean(axis=1))
    return found


def align_by_points(
    rows: pd.DataFrame, images: Sequence[np.ndarray], points: np.ndarray, params: AlignParams
) -> AlignedTiles:
    """Aligns faces by (n, 5, 2) landmarks in photo px; arguments as above."""
    fit = fit_alignment(points, params)
    aligned = np.flatnonzero(fit.reason == "")
    to_window = compose(from_photo_of(rows)[aligned], fit.to_photo[aligned])
    stored_px = rows["stored_px"].to_numpy()[aligned]
    shares = [outside_share(one, params.size_px, px, px) for one, px in zip(to_window, stored_px, strict=True)]
    carried = rows[CARRIED_COLUMNS].reset_index(drop=True)
    kept = pd.concat([carried.iloc[aligned].reset_index(drop=True), point_table(points[aligned])], axis=1)
    return AlignedTiles(
        points,
        aligned,
        kept.assign(template_error=fit.template_error[aligned], outside_share=np.array(shares, np.float64)),
        [sample(images[i], one, params.size_px) for i, one in zip(aligned.tolist(), to_window, strict=True)],
        carried[fit.reason != ""].assign(reason=fit.reason[fit.reason != ""]),
    )
