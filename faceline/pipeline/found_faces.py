"""What the tool finds, as typed records: a photo's result and the faces in it."""

from dataclasses import dataclass

import numpy as np

from faceline.boxes.boxes import centres
from faceline.pipeline.photo_files import Photo


@dataclass(frozen=True)
class FoundFace:
    """One face, as far as it has been worked out.

    Attributes:
        box: x, y, width, height in photo px, as the detector gave it.
        detector: the detector's name, which says what its boxes enclose.
        celeba_box: the same in CelebA's convention, which the landmark net knows.
        score: the detector's, 0..1.
        detector_points: (5, 2) photo px, or None where the detector gives none.
        landmarks: (5, 2) photo px of the landmark net; None before that step.
        landmark_score: 0..1, mean over the points.
        to_photo: (2, 3) map from aligned px to photo px; None before alignment or where rejected.
        template_error: template eye distances; None before alignment or where there is no fit.
        reject: why the face cannot be aligned, empty where it can.
        aligned: (size, size, 3) RGB uint8; None before alignment or where rejected.
        embedding: unit vector float32; None before that step or where rejected.
    """

    box: np.ndarray
    detector: str
    celeba_box: np.ndarray
    score: float
    detector_points: np.ndarray | None = None
    landmarks: np.ndarray | None = None
    landmark_score: float | None = None
    to_photo: np.ndarray | None = None
    template_error: float | None = None
    reject: str = ""
    aligned: np.ndarray | None = None
    embedding: np.ndarray | None = None

    @property
    def points(self) -> np.ndarray | None:
        """The landmarks, or else the detector's points."""
        return self.detector_points if self.landmarks is None else self.landmarks


@dataclass(frozen=True)
class PhotoFaces:
    """A photo and its faces, best detection first.

    Attributes:
        status: `ok`, `no_face`, `unreadable` or `too_large`.
    """

    photo: Photo
    status: str
    faces: tuple[FoundFace, ...] = ()

    @property
    def name(self) -> str:
        return self.photo.name

    @property
    def size(self) -> tuple[int, int] | None:
        """(width, height) in px of an upright photo that could be read."""
        return None if self.photo.image is None else (self.photo.image.shape[1], self.photo.image.shape[0])

    @property
    def reasons(self) -> str:
        """Why no face of the photo can be used, for people."""
        return ", ".join(
            sorted({self.photo.reason or self.status, *(face.reject for face in self.faces)} - {"", "ok"})
        )


def main_face(found: PhotoFaces) -> FoundFace | None:
    """The face a photo of one person is about: large and central; None where no face could be aligned.

    Area less twice the squared distance from the photo's middle: the largest face alone may be a bystander.
    """
    if found.size is None:
        return None
    usable = [face for face in found.faces if not face.reject]
    middle = np.array(found.size) / 2

    def weight(face: FoundFace) -> float:
        offset = centres(face.box) - middle
        return float(face.box[2:].prod() - 2 * (offset**2).sum())

    return max(usable, key=weight, default=None)
