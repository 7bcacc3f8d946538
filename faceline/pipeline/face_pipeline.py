"""Detect, find landmarks, align, embed: each step on its own, or all of them over a stream of photos."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from faceline.alignment.fit.alignment import fit_alignment
from faceline.alignment.fit.params import AlignParams
from faceline.detection.detections import Detections, FaceFinder
from faceline.landmarks.net.base import PointPredictor
from faceline.pipeline.found_faces import FoundFace, PhotoFaces
from faceline.pipeline.photo_files import Photo
from faceline.windows.windows import sample, transform

STEPS = ("detect", "landmarks", "align", "embed")
PHOTOS_PER_BATCH = 16
PIXELS_PER_BATCH = 48_000_000  # few large photos at a time, so that memory stays bounded


class FaceEmbedder(Protocol):
    """The recogniser, run by PyTorch or by ONNX Runtime."""

    synthetic: bool
    metadata: dict

    def embed(self, images: Sequence[np.ndarray], flip: bool, batch_size: int = 64) -> np.ndarray: ...


class FacePipeline:
    """Photos in, faces out.

    A step asks only for its own model: a pipeline without an embedder still detects and aligns.
    """

    def __init__(
        self,
        detector: FaceFinder,
        predictor: PointPredictor | None = None,
        embedder: FaceEmbedder | None = None,
        align: AlignParams | None = None,
        flip: bool = True,
    ) -> None:
        """Args:
        predictor: finds the points that align a face; the detector's own do where None.
        align: size of the aligned face and what is rejected; `default_align()` where None.
        flip: embeddings are the mean of a face's and its mirror image's.
        """
        self._detector = detector
        self._predictor = predictor
        self._embedder = embedder
        self._align = align or default_align()
        self._flip = flip

    def run(self, photos: Iterable[Photo], last: str = "embed") -> Iterator[PhotoFaces]:
        """Takes a stream of photos through the steps up to `last`, in order, a batch at a time."""
        later = (self.find_landmarks, self.align, self.embed)[: STEPS.index(last)]
        for batch in _batches(photos):
            found = self.detect(batch)
            for step in later:
                found = step(found)
            yield from found

    def detect(self, photos: Sequence[Photo]) -> list[PhotoFaces]:
        """Finds the faces of each photo; photos that could not be read keep their status."""
        images = [photo.image for photo in photos if photo.image is not None]
        names = [photo.name for photo in photos if photo.image is not None]
        found = iter(self._detector.find(images, names) if images else [])
        return [
            PhotoFaces(photo, photo.status) if photo.image is None else self._photo_faces(photo, next(found))
            for photo in photos
        ]

    def _photo_faces(self, photo: Photo, found: Detections) -> PhotoFaces:
        name, celeba_boxes = self._detector.name, self._detector.celeba_boxes(found)
        faces = tuple(
            FoundFace(box, name, celeba_box, float(score), points if np.isfinite(points).all() else None)
            for box, celeba_box, score, points in zip(
                found.boxes, celeba_boxes, found.scores, found.points, strict=True
            )
        )
        return PhotoFaces(photo, "ok" if faces else "no_face", faces)

    def find_landmarks(self, found: Sequence[PhotoFaces]) -> list[PhotoFaces]:
        """Adds the five landmarks to every face; without a landmark net the detector's own points serve."""
        if self._predictor is None:
            return list(found)
        faces, images = _flatten(found)
        if not faces:
            return list(found)
        views = np.stack([self._predictor.view(face.celeba_box) for face in faces])
        cuts = [_cut_near(image, view, self._predictor.input_px) for image, view in zip(images, views, strict=True)]
        offset = np.array([corner for _, corner in cuts], float)
        views[:, :, 2] -= offset
        points, scores = self._predictor.predict([cut for cut, _ in cuts], views)
        placed = zip(faces, points + offset[:, None], scores.mean(axis=1).tolist(), strict=True)
        return _regroup(found, [replace(face, landmarks=mine, landmark_score=score) for face, mine, score in placed])

    def align(self, found: Sequence[PhotoFaces]) -> list[PhotoFaces]:
        """Adds the aligned tile, sampled once from the photo itself, or the reason why there is none."""
        faces, images = _flatten(found)
        if not faces:
            return list(found)
        nowhere = np.full((5, 2), np.nan)
        points = [nowhere if face.points is None else face.points for face in faces]
        fit = fit_alignment(np.stack(points), self._align)
        aligned = []
        for face, image, to_photo, error, reason in zip(
            faces, images, fit.to_photo, fit.template_error, fit.reason, strict=True
        ):
            error = float(error) if np.isfinite(error) else None
            if not reason:
                tile = sample_tile(image, to_photo, self._align.size_px)
                face = replace(face, to_photo=to_photo, aligned=tile)
            aligned.append(replace(face, reject=str(reason), template_error=error))
        return _regroup(found, aligned)

    def embed(self, found: Sequence[PhotoFaces]) -> list[PhotoFaces]:
        """Adds the embedding of every aligned face."""
        if self._embedder is None:
            raise ValueError("this pipeline has no recogniser")
        faces, _ = _flatten(found)
        tiles = [face.aligned for face in faces if face.aligned is not None]
        if not tiles:
            return list(found)
        vectors = iter(self._embedder.embed(tiles, flip=self._flip))
        embedded = [face if face.aligned is None else replace(face, embedding=next(vectors)) for face in faces]
        return _regroup(found, embedded)


def default_align(size_px: int = 112) -> AlignParams:
    """What the tool rejects when no parameter file says otherwise."""
    return AlignParams(size_px=size_px, min_eye_distance_px=8.0, max_template_error=0.25, jpeg_quality=95)


def sample_tile(photo: np.ndarray, to_photo: np.ndarray, size_px: int) -> np.ndarray:
    """`windows.sample`, with only the part of the photo that the tile shows reduced on the way."""
    cut, corner = _cut_near(photo, to_photo, size_px)
    moved = to_photo.copy()
    moved[:, 2] -= corner
    return sample(cut, moved, size_px)


def _cut_near(image: np.ndarray, to_image: np.ndarray, size_px: int) -> tuple[np.ndarray, np.ndarray]:
    """A view of the image round a tile, with room for interpolation, and its corner (x, y)."""
    height, width = image.shape[:2]
    edge = np.array([[-1, -1], [size_px, -1], [size_px, size_px], [-1, size_px]], float)
    reach = transform(to_image, edge)
    pad = 2 + 2 * np.sqrt(abs(np.linalg.det(to_image[:, :2])))
    low = np.clip(np.floor(reach.min(axis=0) - pad), 0, [width - 1, height - 1]).astype(int)
    high = np.clip(np.ceil(reach.max(axis=0) + pad), low + 1, [width, height]).astype(int)
    return image[low[1] : high[1], low[0] : high[0]], low


def _batches(photos: Iterable[Photo]) -> Iterator[list[Photo]]:
    batch: list[Photo] = []
    pixels = 0
    for photo in photos:
        batch.append(photo)
        pixels += 0 if photo.image is None else photo.image.shape[0] * photo.image.shape[1]
        if len(batch) == PHOTOS_PER_BATCH or pixels > PIXELS_PER_BATCH:
            yield batch
            batch, pixels = [], 0
    if batch:
        yield batch


def _flatten(found: Sequence[PhotoFaces]) -> tuple[list[FoundFace], list[np.ndarray]]:
    """All faces of all photos, and each face's photo."""
    pairs = [(face, image) for entry in found if (image := entry.photo.image) is not None for face in entry.faces]
    return [face for face, _ in pairs], [image for _, image in pairs]


def _regroup(found: Sequence[PhotoFaces], faces: Sequence[FoundFace]) -> list[PhotoFaces]:
    remaining = iter(faces)
    return [replace(entry, faces=tuple(next(remaining) for _ in entry.faces)) for entry in found]
