"""Photos in, records out: what the verbs about faces have in common."""

from collections.abc import Callable, Sequence
from itertools import chain, count
from pathlib import Path

import numpy as np
from PIL import Image

from faceline.core.columns import BOX_COLUMNS, POINTS
from faceline.core.errors import InputError
from faceline.imaging.progress import track
from faceline.pipeline.draw import draw_faces
from faceline.pipeline.face_pipeline import FacePipeline
from faceline.pipeline.found_faces import FoundFace, PhotoFaces
from faceline.pipeline.photo_files import find_photos, read_photos
from faceline.pipeline.private import private_folder, replacing_privately


def photo_records(
    arguments: Sequence[str],
    pipeline: FacePipeline,
    last: str,
    draw: Path | None = None,
    more: Callable[[PhotoFaces, int], dict] = lambda found, number: {},
    label: Callable[[dict], str] = lambda face: f"{face['score']:.2f}",
) -> tuple[list[dict], InputError | None]:
    """Takes the photos that the user named through the pipeline, with progress, drawing on the way.

    Args:
        last: the last of `face_pipeline.STEPS` to take.
        draw: one file for one photo, else a folder.
        more: what a face's record is to hold besides, by photo and number; asked once a face, in order.
        label: what is drawn over a face, from its record.

    Returns:
        A record of each photo, and the error to raise once they have been printed: not one photo could be read.
    """
    paths = find_photos(arguments)
    draw_photo = _drawer(draw, paths) if draw else None
    records: list[dict] = []
    for found in pipeline.run(read_photos(track(paths, last)), last):
        faces = [_face_record(face) | more(found, number) for number, face in enumerate(found.faces)]
        record: dict = {"photo": found.name, "status": found.status}
        if found.photo.reason:
            record["reason"] = found.photo.reason
        if found.size:
            record["width"], record["height"] = found.size
            if draw_photo:
                draw_photo(found, [label(face) for face in faces])
        records.append(record | {"faces": faces})
    if any("width" in record for record in records):
        return records, None
    return records, InputError(f"not one of {len(paths)} photos could be read; the records say why")


def _face_record(face: FoundFace) -> dict:
    """A face's record, as far as the face has been worked out."""
    record: dict = {
        "box": _box_record(face.box),
        "detector": face.detector,
        "celeba_box": _box_record(face.celeba_box),
        "score": face.score,
    }
    if face.points is not None:
        record["points"] = {name: list(map(float, point)) for name, point in zip(POINTS, face.points, strict=True)}
        record["points_by"] = "hourglass" if face.landmarks is not None else face.detector
    optional = {
        "landmark_score": face.landmark_score,
        "template_error": face.template_error,
        "rejected": face.reject or None,
    }
    return record | {key: value for key, value in optional.items() if value is not None}


def _box_record(box: np.ndarray) -> dict[str, float]:
    return dict(zip(BOX_COLUMNS, map(float, box), strict=True))


def _drawer(out: Path, photos: Sequence[Path]) -> Callable[[PhotoFaces, Sequence[str]], None]:
    """Draws photos into `out`: one file for one photo, else a folder; never where a photo lies."""
    named_like_a_file = out.suffix.lower() in (".jpg", ".jpeg", ".png")
    is_file = named_like_a_file and len(photos) == 1 and not out.is_dir()
    if named_like_a_file and not is_file:
        raise InputError(f"--draw {out}: {len(photos)} photos need a folder, not one file")
    if out.resolve() in {(photo if is_file else photo.parent).resolve() for photo in photos}:
        place = "the photo itself" if is_file else "a folder of these photos, which might be overwritten"
        raise InputError(f"--draw {out}: this is {place}; name another place")
    private_folder(out.parent if is_file else out)
    taken: set[str] = set()

    def draw(found: PhotoFaces, labels: Sequence[str]) -> None:
        target = out if is_file else out / f"{unique_name(Path(found.name).stem, taken)}.jpg"
        with replacing_privately(target) as temporary:
            Image.fromarray(draw_faces(found, labels)).save(temporary, quality=92)

    return draw


def unique_name(wanted: str, taken: set[str]) -> str:
    """A name like none in `taken`, and puts it there: the second `face` becomes `face-2`."""
    names = chain([wanted], (f"{wanted}-{number}" for number in count(2)))
    name = next(name for name in names if name.lower() not in taken)
    taken.add(name.lower())
    return name
