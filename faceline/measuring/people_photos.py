"""Photos of people, and who is in each: a folder for each person, or a data set in CelebA's layout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from faceline.annotating.annotate import people_in
from faceline.annotations.celeba import read_annotations
from faceline.core.columns import ATTRIBUTES, BOX_COLUMNS, IMAGE_ID, PERSON
from faceline.core.errors import InputError
from faceline.core.params import parse_group, read_params
from faceline.data.scan.params import DataParams
from faceline.imaging.images import decode_rgb
from faceline.imaging.parallel import ordered_map
from faceline.photos.photos import Photos, open_photos
from faceline.pipeline.photo_files import Photo, as_text, read_photos
from faceline.settings.forms import form_at

_FILES = {
    "identity": "identity_CelebA.txt",
    "attributes": "list_attr_celeba.txt",
    "boxes": "list_bbox_celeba.txt",
    "landmarks": "list_landmarks_celeba.txt",
    "images": "img_celeba",
}
_PARAMS = (".yaml", ".yml")
_WORKERS, _AHEAD = 2, 4


@dataclass(frozen=True)
class PeoplePhotos:
    """Photos with their people.

    Attributes:
        source: the folder or the parameter file, as the user named it.
        rows: a row a photo, people side by side: image_id (the path below the folder, or the name in CelebA's lists),
            person (the folder's name, or CelebA's number), and with CelebA's lists the attributes.
        boxes: (n, 4) the annotated boxes, photo px, that say which face is meant; None for a folder a person.
        images: the folder or .zip of the photos.
    """

    source: Path
    rows: pd.DataFrame
    boxes: np.ndarray | None
    images: Path

    @classmethod
    def of(cls, source: Path) -> PeoplePhotos:
        """Reads who is in which photo.

        Args:
            source: a folder that holds a folder of photos for each person; a folder with CelebA's lists and its
                `img_celeba`; or a parameter file of the chain, whose group `data` names them by paths from the file's
                own folder.

        Raises:
            InputError: there are no people, photos of one person alone, or lists that cannot be read.
        """
        if source.suffix in _PARAMS:
            data = parse_group(DataParams, read_params(source).get(DataParams.key))
            files = {kind: source.parent / getattr(data, kind) for kind in _FILES}
            people = _listed(source, files)
        elif Path(form_at("identity", str(source / _FILES["identity"]))).is_file():
            people = _listed(source, {kind: source / name for kind, name in _FILES.items()})
        else:
            people = _in_folders(source)
        count = people.rows[PERSON].nunique()
        if count < 2:
            raise InputError(f"{source}: photos of {count} person; comparing takes two people or more")
        return people

    def __len__(self) -> int:
        return len(self.rows)

    def select(self, positions: Sequence[int] | np.ndarray) -> PeoplePhotos:
        """Some of the photos."""
        boxes = None if self.boxes is None else self.boxes[positions]
        rows = self.rows.iloc[np.asarray(positions, int)].reset_index(drop=True)
        return PeoplePhotos(self.source, rows, boxes, self.images)

    def read(self) -> Iterator[Photo]:
        """Every photo in order, read ahead by threads; one that cannot be read says why."""
        names = self.rows[IMAGE_ID]
        if self.boxes is None:
            yield from read_photos([self.images / name for name in names], _WORKERS, _AHEAD)
            return
        with open_photos(self.images) as photos:
            yield from ordered_map(lambda name: _read(photos, name), names, _WORKERS, _AHEAD)


def _in_folders(folder: Path) -> PeoplePhotos:
    people = people_in(folder)
    rows = [(path.relative_to(folder).as_posix(), name) for name, paths in people.items() for path in paths]
    if unreadable := [path for path, _ in rows if path != as_text(path)]:
        raise InputError(f"{folder}: {as_text(unreadable[0])}: the file's name is no UTF-8; rename it")
    return PeoplePhotos(folder, pd.DataFrame(rows, columns=[IMAGE_ID, PERSON]), None, folder)


def _listed(source: Path, files: dict[str, Path]) -> PeoplePhotos:
    there = {kind: Path(form_at(kind, str(path))) for kind, path in files.items()}
    images = there.pop("images")
    table = read_annotations(**there).sort_values([PERSON, IMAGE_ID], ignore_index=True)
    rows = table[[IMAGE_ID, PERSON, *ATTRIBUTES]]
    return PeoplePhotos(source, rows, table[BOX_COLUMNS].to_numpy(np.float64), images)


def _read(photos: Photos, name: str) -> Photo:
    try:
        return Photo(name, "ok", image=decode_rgb(photos.read(name), name))
    except InputError as error:
        return Photo(name, "unreadable", str(error))
