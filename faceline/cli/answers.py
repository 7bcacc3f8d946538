"""Photos in, records out: what the verbs about faces have in common."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from faceline.core.columns import BOX_COLUMNS, POINTS
from faceline.core.errors import InputError
from faceline.imaging.progress import track
from faceline.pipeline.face_pipeline import FacePipeline
from faceline.pipeline.found_faces import FoundFace, PhotoFaces
from faceline.pipeline.photo_files import find_photos, read_photos

Labels = Callable[[PhotoFaces], Sequence[str]]


def found_faces(
    arguments: Sequence[str],
    pipeline: FacePipeline,
    last: str,
    draw: Path | None = None,
    labels: Labels | None = None,
) -> Iterator[PhotoFaces]:
    """Takes the photos that the user named through the pipeline, with progress, drawing on the way.

    Raises:
        InputError: at the end, when not one photo could be read; by then every result has been yielded.
    """
    paths = find_photos(arguments)
    canvas = _Canvas(draw, len(paths)) if draw else None
    read = 0
    for found in pipeline.run(read_photos(track(paths, last)), last):
        read += found.size is not None
        if canvas is not None and found.size is not None:
            canvas.draw(found, labels(found) if labels else [f"{face.score:.2f}" for face in found.faces])
        yield found
    if not read:
        raise NothingReadError(f"not one of {len(paths)} photos could be read; the records say why")


class NothingReadError(InputError):
    """No photo could be read; the answer is printed all the same."""


def collect(
    entries: Iterable[PhotoFaces], record: Callable[[PhotoFaces], dict]
) -> tuple[list[dict], Exception | None]:
    """Records of all photos, and the error to raise once they have been printed."""
    records: list[dict] = []
    try:
        records.extend(record(entry) for entry in entries)
    except NothingReadError as error:
        return records, error
    return records, None


def photo_record(found: PhotoFaces, faces: Sequence[Mapping] | None = None) -> dict:
    """A photo's record; `faces` replaces the plain records of its faces."""
    record: dict = {"photo": found.name, "status": found.status}
    if found.photo.reason:
        record["reason"] = found.photo.reason
    if found.size:
        record["width"], record["height"] = found.size
    record["faces"] = [face_record(face) for face in found.faces] if faces is None else list(faces)
    return record


def face_record(face: FoundFace) -> dict:
    """A face's record, as far as the face has been worked out."""
    record: dict = {
        "box": box_record(face.box),
        "detector": face.detector,
        "celeba_box": box_record(face.celeba_box),
        "score": face.score,
    }
    points = face.landmarks if face.landmarks is not None else face.detector_points
    if points is not None:
        record["points"] = {name: list(map(float, point)) for name, point in zip(POINTS, points, strict=True)}
        record["points_by"] = "hourglass" if face.landmarks is not None else face.detector
    if face.landmark_score is not None:
        record["landmark_score"] = face.landmark_score
    if face.template_error is not None:
        record["template_error"] = face.template_error
    if face.reject:
        record["rejected"] = face.reject
    return record


def box_record(box: np.ndarray) -> dict[str, float]:
    return dict(zip(BOX_COLUMNS, map(float, box), strict=True))


class _Canvas:
    """Where drawn photos go: one file for one photo, else a folder."""

    def __init__(self, out: Path, photos: int) -> None:
        self._out = out
        self._file = photos == 1 and out.suffix.lower() in (".jpg", ".jpeg", ".png") and not out.is_dir()
        self._names = UniqueNames()
        folder = out.parent if self._file else out
        if not self._file and out.suffix.lower() in (".jpg", ".jpeg", ".png"):
            raise InputError(f"--draw {out}: {photos} photos need a folder, not one file")
        folder.mkdir(parents=True, exist_ok=True)

    def draw(self, found: PhotoFaces, labels: Sequence[str]) -> None:
        from PIL import Image

        from faceline.core.files import replacing
        from faceline.pipeline.draw import draw_faces

        target = self._out if self._file else self._out / f"{self._names.of(Path(found.name).stem)}.jpg"
        with replacing(target) as temporary:
            Image.fromarray(draw_faces(found, labels)).save(temporary, quality=92)


class UniqueNames:
    """Names of which no two are alike: the second `face` becomes `face-2`."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, wanted: str) -> str:
        name, number = wanted, 1
        while name.lower() in self._taken:
            number += 1
            name = f"{wanted}-{number}"
        self._taken.add(name.lower())
        return name
