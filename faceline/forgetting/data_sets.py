"""Where a person is in a data set: the rows of every list, and the photos, in folders and archives."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from faceline.annotations.celeba import read_file
from faceline.core.columns import IMAGE_ID, PERSON
from faceline.core.errors import FacelineError, InputError
from faceline.core.files import read_text
from faceline.core.params import read_params
from faceline.galleries.rows import normalised_name
from faceline.spreadsheets.cells import cell_text

PEOPLE = "people.csv"
_STEMS = {
    "identity_CelebA": "identity",
    "list_attr_celeba": "attributes",
    "list_bbox_celeba": "boxes",
    "list_landmarks_celeba": "landmarks",
    "list_landmarks_align_celeba": "landmarks",
    "list_eval_partition": "partition",
}
_KINDS = ("identity", "attributes", "boxes", "landmarks")
_HINT = "expected a folder in CelebA's layout, or a parameter file whose `data` names one"


@dataclass(frozen=True)
class DataSet:
    """The files of a data set.

    Attributes:
        place: as the user named it: a folder, or a parameter file.
        lists: annotation lists with their kinds.
        people: the table of names that `faceline annotate` writes; None where there is none.
        images: folders and archives that may hold photos.
    """

    place: Path
    lists: dict[Path, str]
    people: Path | None
    images: tuple[Path, ...]

    @property
    def inputs(self) -> tuple[Path, ...]:
        """What a stage depends on when it reads this data set."""
        return (self.place,) if self.place.is_dir() else (*self.lists, *self.images)


@dataclass(frozen=True)
class PersonInData:
    """What a data set holds of a person.

    Attributes:
        photos: their file names.
        rows: how many rows of each list are theirs.
        files: their photos in folders.
        archived: their photos in each archive.
        originals: photos elsewhere that they were made from, which are still there.
    """

    data: DataSet
    photos: frozenset[str]
    rows: dict[Path, int]
    files: tuple[Path, ...]
    archived: dict[Path, tuple[str, ...]]
    originals: tuple[Path, ...]


def find_data_set(place: Path) -> DataSet:
    """The data set in a folder, or the one that a parameter file names.

    Raises:
        InputError: there is none.
    """
    if place.is_dir():
        found = {path: _STEMS[path.stem] for path in sorted(place.iterdir()) if _is_list(path)}
        images = (place, *(path for path in sorted(place.iterdir()) if path.suffix == ".zip" or _is_link(path)))
        folder = place
    else:
        named = read_params(place).get("data")
        if not isinstance(named, dict):
            named = {}
        missing = [key for key in (*_KINDS, "images") if key not in named]
        if missing:
            raise InputError(f"{place}: data.{missing[0]} is missing; {_HINT}")
        # of aligned photos one file stands for boxes and landmarks
        found = {Path(str(named[kind])): kind for kind in _KINDS}
        images = (Path(str(named["images"])),)
        if not images[0].exists():
            raise InputError(f"{place}: data.images: there is no {images[0]}; {_HINT}")
        folder = Path(str(named["identity"])).parent
    if "identity" not in found.values():
        raise InputError(f"{place}: no list that says who is who (identity_CelebA.txt or .csv); {_HINT}")
    people = folder / PEOPLE
    return DataSet(place, found, people if people.exists() else None, images)


def find_person(data: DataSet, name: str) -> PersonInData | None:
    """Where a person is in a data set, every list of it read and checked; None where the person is not there.

    Args:
        name: by the table of names where the data set has one, else the person's number.

    Raises:
        InputError: a list is missing or damaged, or holds nobody else.
        FacelineError: their photos cannot be deleted.
    """
    tables = {path: read_file(path, kind) for path, kind in data.lists.items()}
    numbers, photos, originals = _named(data.people, name) if data.people else ({name.strip()}, set(), [])
    for path, kind in data.lists.items():
        if kind == "identity":
            table = tables[path]
            photos |= set(table[IMAGE_ID][table[PERSON].astype(str).isin(numbers)])
    if not photos:
        return None
    files = tuple(path for root in data.images if root.is_dir() for path in _files(root, photos))
    for folder in {file.parent for file in files}:
        if not os.access(folder, os.W_OK | os.X_OK):
            raise FacelineError(f"{folder}: no permission to delete photos in it")
    rows = {path: int(table[IMAGE_ID].isin(photos).sum()) for path, table in tables.items()}
    for path, count in rows.items():
        if count == len(tables[path]):
            raise InputError(f"{path}: {name!r} is the only person in it; delete the data set itself")
    return PersonInData(
        data=data,
        photos=frozenset(photos),
        rows={path: count for path, count in rows.items() if count},
        files=files,
        archived={path: found for path in data.images if path.is_file() and (found := _members(path, photos))},
        originals=tuple(path for path in originals if path.is_file()),
    )


def _named(people: Path, name: str) -> tuple[set[str], set[str], list[Path]]:
    """A person's numbers, photos and the photos that these were made from, by the table of names."""
    try:
        rows = list(csv.DictReader(io.StringIO(read_text(people, "`faceline annotate` writes it")), strict=True))
        own = [row for row in rows if normalised_name(cell_text(row["name"])) == normalised_name(name)]
        return (
            {row[PERSON] for row in own},
            {row[IMAGE_ID] for row in own},
            [Path(cell_text(row["photo"])) for row in own],
        )
    except (csv.Error, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{people}: expected a table with image_id, person, name and photo ({error}), as `faceline annotate` "
            "writes it"
        ) from None


def _files(root: Path, photos: Iterable[str]) -> Iterator[Path]:
    wanted = set(photos)
    for place, _, names in os.walk(root):
        yield from (Path(place, name) for name in sorted(wanted.intersection(names)))


def _members(archive: Path, photos: Iterable[str]) -> tuple[str, ...]:
    try:
        with zipfile.ZipFile(archive) as file:
            names = file.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError(f"{archive}: expected a .zip of photos ({error})") from None
    wanted = set(photos)
    return tuple(name for name in names if PurePosixPath(name).name in wanted)


def _is_list(path: Path) -> bool:
    return path.stem in _STEMS and path.suffix in (".txt", ".csv") and path.is_file()


def _is_link(path: Path) -> bool:
    return path.is_symlink() and path.is_dir()
