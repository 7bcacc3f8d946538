"""Anyone's photos, a folder for each person, as a data set in CelebA's own layout."""

import io
import logging
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from faceline.core.columns import BOX_COLUMNS, IMAGE_ID, PERSON, POINT_COLUMNS
from faceline.core.errors import FacelineError, InputError
from faceline.core.files import replacing_folder
from faceline.imaging.images import encode_jpeg
from faceline.pipeline.face_pipeline import FacePipeline
from faceline.pipeline.found_faces import main_face
from faceline.pipeline.photo_files import as_text, photos_below, read_photos
from faceline.pipeline.private import make_private
from faceline.pipeline.progress import track

log = logging.getLogger(__name__)

IMAGES = "img_celeba.zip"
_AS_THEY_ARE = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp"}


@dataclass
class Annotated:
    """What was written.

    Attributes:
        photos: how many, by person (the folder's name).
        files: names of the data set's files, by kind.
        skipped: (photo, reason) of the others.
        several_faces: photos with more than one face, where the large, central one was taken.
    """

    photos: dict[str, int] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=lambda: {"images": IMAGES})
    skipped: list[tuple[str, str]] = field(default_factory=list)
    several_faces: list[str] = field(default_factory=list)


def people_in(folder: Path) -> dict[str, list[Path]]:
    """The photos of each person: those anywhere below a folder of that name.

    Raises:
        InputError: there are no such folders, or no photos in them, or a name holds what cannot be printed.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; expected one that holds a folder of photos for each person")
    folders = [one for one in sorted(folder.iterdir()) if one.is_dir() and not one.name.startswith(".")]
    people = {person.name: photos for person in folders if (photos := photos_below(person))}
    if empty := [one.name for one in folders if one.name not in people]:
        log.warning("%s: left out, as no photos lie in their folders: %s", folder, ", ".join(map(as_text, empty)))
    if unprintable := [name for name in people if not name.isprintable()]:
        raise InputError(
            f"{folder}: a person's folder is called {unprintable[0]!r}; rename it to what can be printed"
        )
    if not people:
        raise InputError(f"{folder}: no folders with photos in it; expected one for each person, named like them")
    return people


def annotate(people: dict[str, list[Path]], pipeline: FacePipeline, last: str, out: Path) -> Annotated:
    """Writes a data set of the main face of every photo.

    All attributes are unknown. `people.csv` says which number and name is whom. The folder appears whole or not at
    all.

    Args:
        people: photos by person.
        last: the last step of the pipeline to take; the points are those that the faces have by then.

    Raises:
        FacelineError: there is no usable face in any photo.
    """
    report = Annotated()
    owners = [(number, name, path) for number, (name, paths) in enumerate(people.items(), 1) for path in paths]
    found_faces = pipeline.run(read_photos(track([path for *_, path in owners], "annotate")), last)
    rows: list[tuple] = []
    with replacing_folder(out) as folder, zipfile.ZipFile(folder / IMAGES, "w", zipfile.ZIP_STORED) as archive:
        for (number, name, path), found in zip(owners, found_faces, strict=True):
            face, image = main_face(found), found.photo.image
            if image is None or face is None or face.points is None:
                report.skipped.append((str(path), found.reasons))
                continue
            if len(found.faces) > 1:
                report.several_faces.append(str(path))
            suffix, content = _upright(path, image)
            image_id = f"{len(rows) + 1:06d}{suffix}"
            archive.writestr(zipfile.ZipInfo(f"img_celeba/{image_id}"), content)  # at a time that is always the same
            places = _whole_px(face.celeba_box, face.points, image.shape[1], image.shape[0])
            rows.append((image_id, number, name, as_text(path), *places))
            report.photos[name] = report.photos.get(name, 0) + 1
        if not rows:
            raise FacelineError(
                f"no usable face in any of {len(owners)} photos; `faceline detect` shows what is found"
            )
        import pandas as pd  # `enroll` reads folders of people without it

        from faceline.annotations.celeba import write_celeba
        from faceline.spreadsheets.tables import safe_table

        who = [IMAGE_ID, PERSON, "name", "photo"]
        table = pd.DataFrame(rows, columns=[*who, *BOX_COLUMNS, *POINT_COLUMNS])
        report.files |= write_celeba(folder, table)
        safe_table(table[who]).to_csv(folder / "people.csv", index=False)
        make_private(folder)
    return report


def _whole_px(box: np.ndarray, points: np.ndarray, width: int, height: int) -> list[int]:
    """Box and points as CelebA writes them: whole pixels, the box inside the photo."""
    low = np.clip(np.round(box[:2]), 0, [width - 1, height - 1])
    high = np.clip(np.round(box[:2] + box[2:]), low + 1, [width, height])
    return np.concatenate([low, high - low, np.round(points).ravel()]).astype(int).tolist()


def _upright(path: Path, image: np.ndarray) -> tuple[str, bytes]:
    """A photo for the archive: its own bytes, or a new JPEG where they would need turning or another reader."""
    content = path.read_bytes()
    with Image.open(io.BytesIO(content)) as file:
        plain = file.mode in ("RGB", "L") and file.getexif().get(ExifTags.Base.Orientation, 1) == 1
        suffix = _AS_THEY_ARE.get(file.format or "")
    return (suffix, content) if plain and suffix else (".jpg", encode_jpeg(image, 95))
