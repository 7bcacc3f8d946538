"""Finds each annotated subject in the original photo by the detector alone, and aligns that face as the chain does.

The annotated box does nothing but say which of the faces found is the subject. From the detector's box on a face goes
the chain's own way: the same window, stored and read back as the same JPEG, the same landmark net, the same tile.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

import numpy as np
import pandas as pd

from faceline.alignment.fit.params import AlignParams
from faceline.alignment.tiles.tiles import CARRIED_COLUMNS, AlignedTiles, StoredTiles, predict_and_align
from faceline.boxes.boxes import iou
from faceline.core.columns import BOX_COLUMNS
from faceline.core.errors import FacelineError, InputError
from faceline.data.crops.cropping import cut_face
from faceline.data.crops.params import CropParams
from faceline.detection.detections import Detections, FaceFinder
from faceline.engines.engine import LOCAL, Engine, Work
from faceline.imaging.images import decode_rgb
from faceline.landmarks.net.predictor import LandmarkPredictor
from faceline.packed.sets import PackedWriter
from faceline.photos.photos import Photos
from faceline.windows.windows import WINDOW_COLUMNS

_BATCH = 32
SUBJECT_COLUMNS = ["iou", "score", *BOX_COLUMNS]


@dataclass(frozen=True)
class SubjectFinder:
    """Finds and aligns subjects.

    Attributes:
        min_iou: overlap with the annotated box, after the detector's box has been brought to its convention, under
            which a detection is not the subject.
    """

    detector: FaceFinder
    predictor: LandmarkPredictor
    crop: CropParams
    align: AlignParams
    min_iou: float

    def write_tiles(
        self, selected: pd.DataFrame, photos: Photos, writer: PackedWriter, engine: Engine = LOCAL
    ) -> pd.DataFrame:
        """Writes the aligned face of every subject found.

        Args:
            selected: people and annotated boxes, photo px.

        Returns:
            The photos whose subject could not be had: person columns, attributes, and the reason: `unreadable`,
            `no_face`, `no_match`, or an alignment's.

        Raises:
            FacelineError: there is no subject in any photo.
        """
        rejected = []
        for _, (missing, tiles) in engine.map(_Find(self, selected, photos), len(selected), _BATCH):
            rejected.append(missing)
            tiles.write(writer)
        table = pd.concat(rejected, ignore_index=True)
        if len(table) == len(selected):
            raise FacelineError("no subject found in any photo; look at wild.min_score, wild.min_iou and the photos")
        return table

    def tiles_of(self, rows: pd.DataFrame, images: Sequence[np.ndarray | None]) -> tuple[pd.DataFrame, StoredTiles]:
        """Those of some photos, index 0..n-1, that have no tile, with the reason; and the tiles of the others."""
        readable = [image for image in images if image is not None]
        detections = iter(self.detector.find(readable) if readable else [])
        found = [None if image is None else next(detections) for image in images]
        annotated = rows[BOX_COLUMNS].to_numpy(np.float64)
        subjects = [self._subject(one, box) for one, box in zip(found, annotated, strict=True)]
        reasons = np.array([subject if isinstance(subject, str) else "" for subject in subjects], object)
        kept = np.flatnonzero(reasons == "").tolist()
        tiles = StoredTiles(rows[:0], [])
        if kept:
            shown = [image for i in kept if (image := images[i]) is not None]
            own = pd.DataFrame([subjects[i] for i in kept], columns=SUBJECT_COLUMNS)
            aligned = self._align(rows.iloc[kept].reset_index(drop=True), own, shown)
            beside = own.iloc[aligned.aligned].reset_index(drop=True)
            with_own = replace(aligned, rows=pd.concat([aligned.rows, beside], axis=1))
            tiles = with_own.stored(self.align.jpeg_quality)
            reasons[np.delete(kept, aligned.aligned)] = aligned.rejected.reason
        return rows[CARRIED_COLUMNS][reasons != ""].assign(reason=reasons[reasons != ""]), tiles

    def _align(self, rows: pd.DataFrame, own: pd.DataFrame, images: Sequence[np.ndarray]) -> AlignedTiles:
        """From the detector's boxes on: the window, its JPEG, the landmarks, the tile."""
        boxes = own[BOX_COLUMNS].to_numpy()
        cuts = [cut_face(image, box, self.crop) for image, box in zip(images, boxes, strict=True)]
        windows = pd.DataFrame([astuple(window) for window, _ in cuts], columns=WINDOW_COLUMNS)
        faces = pd.concat([rows[CARRIED_COLUMNS], own, windows], axis=1)
        return predict_and_align(faces, [decode_rgb(image) for _, image in cuts], self.predictor, self.align)

    def _subject(self, found: Detections | None, annotated: np.ndarray) -> tuple | str:
        """The values of `SUBJECT_COLUMNS`, or why the subject is not there."""
        if found is None:
            return "unreadable"
        if not len(found.boxes):
            return "no_face"
        boxes = self.detector.celeba_boxes(found)
        overlaps = iou(boxes, annotated)
        best = overlaps.argmax()
        if overlaps[best] < self.min_iou:
            return "no_match"
        return (overlaps[best], found.scores[best], *boxes[best])


@dataclass(frozen=True)
class _Find(Work[str, np.ndarray | None, tuple[pd.DataFrame, StoredTiles]]):
    what = "find"
    finder: SubjectFinder
    selected: pd.DataFrame
    photos: Photos

    def inputs(self, rows: range) -> pd.Series:
        return self.selected.image_id.iloc[rows.start : rows.stop]

    def read(self, one: str) -> np.ndarray | None:
        try:
            return decode_rgb(self.photos.read(one), one)
        except InputError:
            return None

    def finish(self, rows: range, read: list[np.ndarray | None]) -> tuple[pd.DataFrame, StoredTiles]:
        return self.finder.tiles_of(self.selected.iloc[rows.start : rows.stop].reset_index(drop=True), read)
