"""From a face that was found to a row of a gallery, with a warning for a bad photo."""

import logging

from faceline.galleries.quality import face_quality, quality_warnings
from faceline.galleries.rows import PhotoRow
from faceline.pipeline.found_faces import FoundFace

log = logging.getLogger(__name__)


def enrolled_photo(name: str, photo: str, face: FoundFace, now: str) -> PhotoRow:
    """The row of an embedded face.

    Args:
        now: UTC, ISO 8601.
    """
    if face.aligned is None or face.points is None or face.to_photo is None or face.embedding is None:
        raise ValueError(f"{photo}: a face without an embedding cannot be enrolled")
    quality = face_quality(face.aligned, face.points, face.to_photo, face.score)
    if warnings := quality_warnings(quality):
        log.warning(f"{photo}: enrolled for {name}, but the face is {', '.join(warnings)}")
    return PhotoRow(name, photo, face.embedding, now, quality)
