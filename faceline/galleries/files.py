"""Galleries as files to carry elsewhere: every enrolled photo's embedding as plain arrays in a private .npz."""

import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from pathlib import Path

import numpy as np

from faceline.core.errors import InputError
from faceline.core.files import check_file, replacing
from faceline.galleries.checks import (
    FORMAT,
    MAX_DIM,
    SUMS_FORMAT,
    check_file_name,
    check_lengths,
    check_person,
    checked_quality,
)
from faceline.galleries.gallery import Gallery
from faceline.galleries.rows import QUALITY_COLUMNS, PhotoRow, normalised_name
from faceline.galleries.schema import earlier_photos
from faceline.pipeline.private import PRIVATE_FILE

MAX_FILE_BYTES = 2**32
# by form: kinds of numpy's types, and how many dimensions each array has
_ARRAYS = {
    FORMAT: {
        "model": ("U", 0),
        "names": ("U", 1),
        "files": ("U", 1),
        "embeddings": ("f", 2),
        "photos": ("iu", 1),
        "quality": ("f", 2),
        "enrolled": ("U", 1),
    },
    SUMS_FORMAT: {"model": ("U", 0), "names": ("U", 1), "totals": ("f", 2), "photos": ("iu", 1), "updated": ("U", 1)},
}


def export_people(gallery: Gallery, path: Path) -> int:
    """Writes everybody to a private .npz without pickles, whole or not at all, and says how many there are.

    Arrays, a row a photo: names, files, embeddings (n, dim), photos (how many a row stands for), quality (n, 5) in
    the order of `FaceQuality` with NaN where it was not measured, enrolled; besides format and model.

    Raises:
        InputError: there is no folder to put it in, one of that name stands there, or the file is the gallery.
    """
    if path.is_dir():
        raise InputError(f"{path}: a folder; name a file")
    if path.resolve() == Path(gallery.path).resolve():
        raise InputError(f"{path}: this is the gallery; name another file to write to")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}")
    rows = gallery.rows()
    with replacing(path) as temporary:
        write_export(temporary, gallery.model, gallery.dim, rows)
    return len({row.name for row in rows})


def write_export(path: Path, model: str, dim: int, rows: Sequence[PhotoRow]) -> None:
    """Writes an exported gallery, readable by its owner alone, where no file is."""
    unmeasured = (np.nan,) * len(QUALITY_COLUMNS)
    quality = [unmeasured if row.quality is None else astuple(row.quality) for row in rows]
    contents = {
        "format": np.array(FORMAT),
        "model": np.array(model),
        "names": np.array([row.name for row in rows], dtype=np.str_),
        "files": np.array([row.photo for row in rows], dtype=np.str_),
        "embeddings": np.array([row.embedding for row in rows], "<f4").reshape(len(rows), dim),
        "photos": np.array([row.photos for row in rows], np.int64),
        "quality": np.array(quality, np.float64).reshape(len(rows), len(QUALITY_COLUMNS)),
        "enrolled": np.array([row.enrolled for row in rows], dtype=np.str_),
    }
    path.touch(mode=PRIVATE_FILE)
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **contents)


def import_people(gallery: Gallery, path: Path, existing: str = "refuse") -> tuple[int, int]:
    """Takes in what `export_people` wrote, in one transaction.

    Args:
        existing: as for `Gallery.add`.

    Returns:
        How many people that were, and how many rows of theirs the gallery had already.

    Raises:
        InputError: not such a file, of another model, or people are enrolled already under `refuse`.
    """
    model, dim, rows = read_export(path)
    if model != gallery.model:
        raise InputError(
            f"{path}: made with another recogniser ({model[:12]}, the gallery's is {gallery.model[:12]}); enroll the "
            "people again"
        )
    if dim != gallery.dim:
        raise InputError(f"{path}: damaged: {dim} numbers a photo, the gallery's have {gallery.dim}")
    added = gallery.add(rows, existing)
    return len({row.name for row in rows}), added.count(False)


def exported_model(path: Path) -> tuple[str, int]:
    """The model that made an exported gallery, and the numbers in its embeddings.

    Raises:
        InputError: not an exported gallery.
    """
    model, dim, _ = read_export(path)  # all of it, so that no gallery is made for what cannot be taken in
    return model, dim


def read_export(path: Path) -> tuple[str, int, list[PhotoRow]]:
    """An exported gallery: the model that made it, the numbers in its embeddings, and its rows.

    Raises:
        InputError: not an exported gallery.
    """
    contents = _load_arrays(path)
    return str(contents["model"]), int(contents["embeddings"].shape[-1]), _rows(path, contents)


def _rows(path: Path, contents: Mapping[str, np.ndarray]) -> list[PhotoRow]:
    """The rows that an export's arrays hold, all of them checked."""
    columns = (contents[key].tolist() for key in ("names", "files", "photos", "enrolled", "quality"))
    names, files, photos, enrolled, quality = columns
    embeddings = contents["embeddings"].astype(np.float64)
    rows = []
    for name, file, count, when, values, vector in zip(
        names, files, photos, enrolled, quality, embeddings, strict=True
    ):
        check_person(path, name, count, when)
        check_file_name(path, name, file)
        measured = checked_quality(path, name, [None if math.isnan(value) else value for value in values])
        rows.append(PhotoRow(name, file, vector, when, measured, count))
    check_lengths(path, names, embeddings, photos)
    return rows


def _load_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an exported gallery, of their types and of the same length."""
    check_file(path, "expected what `faceline export` wrote", MAX_FILE_BYTES)
    try:
        with zipfile.ZipFile(path) as archive:
            # what is stored as it is takes no more memory than the file has bytes
            packed = any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist())
        if packed:
            raise ValueError("its arrays are packed, exported ones are not")
        with np.load(path, allow_pickle=False) as file:
            form = str(file["format"])
            contents = {key: file[key] for key in _ARRAYS.get(form, ())}
    except Exception as error:  # numpy and zipfile answer damage with errors that share no base
        raise InputError(f"{path}: not an exported gallery ({str(error)[:200]})") from None
    if form not in _ARRAYS:
        raise InputError(f"{path}: expected {FORMAT!r}, found {form[:80]!r}")
    for key, (kinds, dimensions) in _ARRAYS[form].items():
        if contents[key].dtype.kind not in kinds or contents[key].ndim != dimensions:
            raise InputError(f"{path}: damaged: {key} is an array of {contents[key].dtype}, {contents[key].ndim}-d")
    if len({len(array) for array in contents.values() if array.ndim}) > 1:
        raise InputError(f"{path}: damaged: its arrays do not belong together")
    if form == SUMS_FORMAT:
        if len({*map(normalised_name, contents["names"].tolist())}) < len(contents["names"]):
            raise InputError(f"{path}: damaged: it has one person twice")
        contents = _from_sums(contents)
    dim, qualities = contents["embeddings"].shape[1], contents["quality"].shape[1]
    if not 1 <= dim <= MAX_DIM or qualities != len(QUALITY_COLUMNS):
        raise InputError(f"{path}: damaged: {dim} numbers of an embedding and {qualities} of quality a photo")
    return contents


def _from_sums(file: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays of an export of the earlier form: a row a person, which stands for all their photos."""
    photos = file["photos"]
    return {
        "model": file["model"],
        "names": file["names"],
        "files": np.array([earlier_photos(count) for count in photos.tolist()], dtype=np.str_),
        "embeddings": file["totals"],
        "photos": photos,
        "quality": np.full((len(photos), len(QUALITY_COLUMNS)), np.nan),
        "enrolled": file["updated"],
    }
