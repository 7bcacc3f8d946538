"""Galleries as files to carry elsewhere: every enrolled photo's embedding as plain arrays in a private .npz."""

import zipfile
from dataclasses import astuple
from pathlib import Path

import numpy as np

from faceline.core.errors import InputError
from faceline.core.files import check_file, replacing
from faceline.pipeline.gallery import Gallery
from faceline.pipeline.gallery_checks import check_row
from faceline.pipeline.gallery_rows import QUALITY_COLUMNS, FaceQuality, PhotoRow
from faceline.pipeline.gallery_schema import FORMAT, PRIVATE, SUMS_FORMAT, earlier_photos

MAX_FILE_BYTES = 2**32
# kinds of numpy's types, and how many dimensions each array has
_ARRAYS = {
    "model": ("U", 0),
    "names": ("U", 1),
    "files": ("U", 1),
    "embeddings": ("f", 2),
    "photos": ("iu", 1),
    "quality": ("f", 2),
    "enrolled": ("U", 1),
}
_SUMS = {"model": ("U", 0), "names": ("U", 1), "totals": ("f", 2), "photos": ("iu", 1), "updated": ("U", 1)}


def export_people(gallery: Gallery, path: Path) -> int:
    """Writes everybody to a private .npz without pickles, whole or not at all, and says how many there are.

    Arrays, a row a photo: names, files, embeddings (n, dim), photos (how many a row stands for), quality (n, 5) in
    the order of `FaceQuality` with NaN where it was not measured, enrolled; besides format and model.

    Raises:
        InputError: there is no folder to put it in, or one of that name stands there.
    """
    if path.is_dir():
        raise InputError(f"{path}: a folder; name a file")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}")
    rows = gallery.rows()
    unmeasured = (np.nan,) * len(QUALITY_COLUMNS)
    quality = [unmeasured if row.quality is None else astuple(row.quality) for row in rows]
    contents = {
        "format": np.array(FORMAT),
        "model": np.array(gallery.model),
        "names": np.array([row.name for row in rows], dtype=np.str_),
        "files": np.array([row.photo for row in rows], dtype=np.str_),
        "embeddings": np.array([row.embedding for row in rows], "<f4").reshape(len(rows), gallery.dim),
        "photos": np.array([row.photos for row in rows], np.int64),
        "quality": np.array(quality, np.float64).reshape(len(rows), len(QUALITY_COLUMNS)),
        "enrolled": np.array([row.enrolled for row in rows], dtype=np.str_),
    }
    with replacing(path) as temporary:
        temporary.touch(mode=PRIVATE)
        with temporary.open("wb") as file:
            np.savez(file, **contents)
    return len({row.name for row in rows})


def import_people(gallery: Gallery, path: Path, existing: str = "refuse") -> int:
    """Takes in what `export_people` wrote, in one transaction, and says how many people that were.

    Args:
        existing: as for `Gallery.add`.

    Raises:
        InputError: not such a file, of another model, or people are enrolled already under `refuse`.
    """
    contents = _load_arrays(path)
    if str(contents["model"]) != gallery.model:
        raise InputError(
            f"{path}: made with another recogniser ({str(contents['model'])[:12]}, the gallery's is "
            f"{gallery.model[:12]}); enroll the people again"
        )
    rows = _rows(contents, path)
    if contents["embeddings"].shape[1] != gallery.dim:
        raise InputError(f"{path}: damaged: its embeddings have not the gallery's {gallery.dim} numbers")
    gallery.add(rows, existing)
    return len({row.name for row in rows})


def exported_model(path: Path) -> tuple[str, int]:
    """The model that made an exported gallery, and the numbers in its embeddings.

    Raises:
        InputError: not an exported gallery, or anything in it could not be taken in.
    """
    contents = _load_arrays(path)
    _rows(contents, path)
    return str(contents["model"]), int(contents["embeddings"].shape[-1])


def _rows(contents: dict[str, np.ndarray], path: Path) -> list[PhotoRow]:
    """The arrays as rows, each of them checked."""
    measured = [FaceQuality(*row.tolist()) if np.isfinite(row).all() else None for row in contents["quality"]]
    columns = (
        contents["names"].tolist(),
        contents["files"].tolist(),
        contents["embeddings"].astype(np.float64),
        contents["enrolled"].tolist(),
        measured,
        contents["photos"].tolist(),
    )
    rows = [PhotoRow(*row) for row in zip(*columns, strict=True)]
    for row in rows:
        check_row(path, row, contents["embeddings"].shape[1])
    return rows


def _load_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an exported gallery, of their types and dimensions and of one length."""
    check_file(path, "expected what `faceline export` wrote", MAX_FILE_BYTES)
    try:
        with zipfile.ZipFile(path) as archive:
            # what is stored as it is takes no more memory than the file has bytes
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
                raise ValueError("its arrays are packed, exported ones are not")
        with np.load(path, allow_pickle=False) as file:
            form = str(file["format"])[:80]
            kinds = _SUMS if form == SUMS_FORMAT else _ARRAYS
            contents = {key: file[key] for key in kinds} if form in (FORMAT, SUMS_FORMAT) else {}
    except Exception as error:  # numpy and zipfile answer damage with errors that share no base
        raise InputError(f"{path}: not an exported gallery ({str(error)[:200]})") from None
    if not contents:
        raise InputError(f"{path}: expected {FORMAT!r}, found {form!r}")
    for key, (types, dimensions) in kinds.items():
        if contents[key].dtype.kind not in types or contents[key].ndim != dimensions:
            raise InputError(f"{path}: damaged: {key} is an array of {contents[key].dtype}, {contents[key].ndim}-d")
    if kinds is _SUMS:
        contents = _from_sums(contents)
    same = len({len(contents[key]) for key in _ARRAYS if key != "model"}) == 1
    if not same or contents["quality"].shape[1] != len(QUALITY_COLUMNS) or not contents["embeddings"].shape[1]:
        raise InputError(f"{path}: damaged: its arrays do not belong together")
    return contents


def _from_sums(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays of an export of the earlier form: a row a person, which stands for all their photos."""
    photos = arrays["photos"]
    return {
        "model": arrays["model"],
        "names": arrays["names"],
        "files": np.array([earlier_photos(count) for count in photos.tolist()], dtype=np.str_),
        "embeddings": arrays["totals"],
        "photos": photos,
        "quality": np.full((len(photos), len(QUALITY_COLUMNS)), np.nan),
        "enrolled": arrays["updated"],
    }
