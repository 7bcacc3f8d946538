"""Galleries as files to carry elsewhere: every enrolled photo's embedding as plain arrays in a private .npz."""

import zipfile
from dataclasses import astuple
from pathlib import Path

import numpy as np

from faceline.core.errors import InputError
from faceline.core.files import replacing
from faceline.pipeline.gallery import Gallery
from faceline.pipeline.gallery_rows import QUALITY_COLUMNS, FaceQuality, PhotoRow
from faceline.pipeline.gallery_schema import FORMAT, PRIVATE, SUMS_FORMAT, earlier_photos

_ARRAYS = ("model", "names", "files", "embeddings", "photos", "quality", "enrolled")


def export_people(gallery: Gallery, path: Path) -> int:
    """Writes everybody to a private .npz without pickles, whole or not at all, and says how many there are.

    Arrays, a row a photo: names, files, embeddings (n, dim), photos (how many a row stands for), quality (n, 5) in
    the order of `FaceQuality` with NaN where it was not measured, enrolled; besides format and model.

    Raises:
        InputError: there is no folder to put it in.
    """
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
    names, quality = contents["names"].tolist(), contents["quality"].astype(np.float64)
    embeddings, photos = contents["embeddings"].astype(np.float64), contents["photos"]
    same = {len(contents[key]) for key in _ARRAYS if key != "model"} == {len(names)}
    shapes = embeddings.shape[1:] == (gallery.dim,) and quality.shape[1:] == (len(QUALITY_COLUMNS),)
    finite = np.isfinite(embeddings).all() and embeddings.any(axis=-1).all()
    if not same or not shapes or not finite or (photos < 1).any():
        raise InputError(f"{path}: damaged: its arrays do not belong together")
    measured = [FaceQuality(*row.tolist()) if np.isfinite(row).all() else None for row in quality]
    columns = (
        names,
        contents["files"].tolist(),
        embeddings,
        contents["enrolled"].tolist(),
        measured,
        photos.tolist(),
    )
    rows = [PhotoRow(*row) for row in zip(*columns, strict=True)]
    gallery.add(rows, existing)
    return len(set(names))


def exported_model(path: Path) -> tuple[str, int]:
    """The model that made an exported gallery, and the numbers in its embeddings.

    Raises:
        InputError: not an exported gallery.
    """
    contents = _load_arrays(path)
    return str(contents["model"]), int(contents["embeddings"].shape[-1])


def _load_arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            form = str(file["format"])
            if form == SUMS_FORMAT:
                return _from_sums(file)
            if form != FORMAT:
                raise InputError(f"{path}: expected {FORMAT!r}, found {form!r}")
            return {key: file[key] for key in _ARRAYS}
    except (OSError, ValueError, KeyError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: not an exported gallery ({error})") from None


def _from_sums(file: np.lib.npyio.NpzFile) -> dict[str, np.ndarray]:
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
