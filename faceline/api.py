"""The pipeline from Python: `faceline.load(...)` gives an object that finds, aligns and embeds faces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from os import PathLike
from pathlib import Path
from typing import Literal, TypedDict, Unpack

import numpy as np

from faceline.core.errors import InputError
from faceline.pipeline.face_pipeline import STEPS
from faceline.pipeline.found_faces import FoundFace, PhotoFaces
from faceline.pipeline.load import Loaded
from faceline.pipeline.load import load as load_pipeline
from faceline.pipeline.photo_files import Photo, read_photo
from faceline.pipeline.setup import Setup

PhotoLike = str | PathLike[str] | np.ndarray


class Settings(TypedDict, total=False):
    """The fields of `Setup` that `load` takes as they are; that class says what they mean."""

    recognizer: str | None
    runtime: Literal["torch", "onnx"]
    device: Literal["auto", "cpu", "cuda"]
    detector: str
    detector_model: str
    min_face_px: float
    max_photo_px: int
    min_score: float | None


class Faces:
    """Finds the faces of photos; made by `load`.

    Attributes:
        model: SHA-256 of the recogniser, by which embeddings are told apart; empty without one.
        dim: numbers in an embedding; 0 without a recogniser.
    """

    def __init__(self, loaded: Loaded, last: str) -> None:
        self._pipeline = loaded.pipeline
        self._last = last
        self.model = loaded.model
        self.dim = loaded.dim

    def __call__(self, photo: PhotoLike) -> tuple[FoundFace, ...]:
        """The faces of one photo, best detection first; empty where there is none.

        Args:
            photo: a file (any that Pillow reads; turned upright by its EXIF), or an array (height, width, 3) of RGB
                uint8.

        Raises:
            InputError: the file cannot be read, or the array has another shape or type.
        """
        return next(self.many([photo])).faces

    def many(self, photos: Iterable[PhotoLike]) -> Iterator[PhotoFaces]:
        """The same of many photos, in order, some at a time: faster than one by one.

        Yields:
            A photo's name (its path, or its number in the sequence for an array), size and faces.

        Raises:
            InputError: as for one; the message names the photo.
        """
        return self._pipeline.run((_photo(photo, str(number)) for number, photo in enumerate(photos)), self._last)


def load(
    models: str | PathLike[str] = "models",
    last: str = "embed",
    *,
    boxes: str | PathLike[str] | None = None,
    **settings: Unpack[Settings],
) -> Faces:
    """Loads a detector and the models of a folder.

    Args:
        models: the folder; what `dvc repro` trains, or with `runtime="onnx"` what `faceline export-onnx` writes.
        last: the last step wanted: `detect` (boxes and the detector's points; needs no models of the folder),
            `landmarks`, `align` (the 112 x 112 tile) or `embed`. Later steps' fields of a face are None.
        boxes: a file of known boxes, for `detector="boxes"`.
        **settings: the command's options under their Python names, such as `runtime="onnx"`, `detector="yunet"`,
            `min_face_px=80`; `faceline.pipeline.setup.Setup` has them all.

    Raises:
        InputError: an unknown step or setting, a file that is missing or of another kind, or choices that do not go
            together.
    """
    if last not in STEPS:
        raise InputError(f"last: {last!r} is no step; there are {', '.join(STEPS)}")
    known = [field.name for field in fields(Setup)]
    if unknown := sorted(settings.keys() - {*known}):
        raise InputError(f"{', '.join(unknown)}: no such setting; there are {', '.join(known)}")
    setup = Setup(models=Path(models), boxes=None if boxes is None else Path(boxes), **settings)
    return Faces(load_pipeline(setup, last), last)


def _photo(photo: PhotoLike, number: str) -> Photo:
    if not isinstance(photo, np.ndarray):
        read = read_photo(Path(photo))
        if read.image is None:
            raise InputError(f"{read.name}: {read.reason}")
        return read
    if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3 or 0 in photo.shape:
        raise InputError(
            f"photo {number}: an array of shape {photo.shape} and type {photo.dtype}; expected RGB, "
            "(height, width, 3), uint8 (OpenCV's BGR: image[..., ::-1])"
        )
    return Photo(number, "ok", image=np.ascontiguousarray(photo))
