"""The aligned faces of a few photos, for people to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from faceline.core.errors import FacelineError
from faceline.imaging.images import encode_jpeg
from faceline.measuring.people_embeddings import subject
from faceline.measuring.people_photos import PeoplePhotos
from faceline.pipeline.face_pipeline import FacePipeline

_TILE_QUALITY = 95


class ShownFaces:
    """The aligned faces of photos, found again when they are asked for: few are ever shown.

    It stands in for a `PackedSet`, whose names of photos may hold no folders.

    Attributes:
        rows: a row a photo with its image_id.
    """

    def __init__(self, people: PeoplePhotos, pipeline: FacePipeline) -> None:
        self._people, self._pipeline = people, pipeline
        self.rows = people.rows

    def __len__(self) -> int:
        return len(self._people)

    def encoded(self, rows: Sequence[int] | np.ndarray) -> Iterator[bytes]:
        """The faces at these positions as JPEG; FacelineError where one is not there any more."""
        chosen = self._people.select(rows)
        for place, found in enumerate(self._pipeline.run(chosen.read(), "align")):
            face, _, _ = subject(found, None if chosen.boxes is None else chosen.boxes[place])
            if face is None:
                raise FacelineError(f"{found.name}: its face is not found any more; was the photo changed meanwhile?")
            assert face.aligned is not None  # the pipeline was asked for it
            yield encode_jpeg(face.aligned, _TILE_QUALITY)
