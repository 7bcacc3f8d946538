"""Galleries as files to carry elsewhere: everybody's embeddings as plain arrays in a private .npz."""

import zipfile
from pathlib import Path

import numpy as np

from faceline.core.errors import InputError
from faceline.core.files import check_file, replacing
from faceline.pipeline.gallery import FORMAT, PRIVATE, Gallery
from faceline.pipeline.gallery_checks import MAX_DIM, check_person, is_sum_of_units, normalised

MAX_FILE_BYTES = 2**32
# kinds of numpy's types, and how many dimensions each array has
_ARRAYS = {
    "format": ("U", 0),
    "model": ("U", 0),
    "names": ("U", 1),
    "totals": ("f", 2),
    "photos": ("iu", 1),
    "updated": ("U", 1),
}


def export_people(gallery: Gallery, path: Path) -> int:
    """Writes everybody to a private .npz without pickles, whole or not at all, and says how many there are.

    Raises:
        InputError: there is no folder to put it in, or one of that name stands there.
    """
    if path.is_dir():
        raise InputError(f"{path}: a folder; name a file")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}")
    rows = gallery.rows()
    names, totals, photos, updated = zip(*rows, strict=True) if rows else ((), (), (), ())
    contents = {
        "format": np.array(FORMAT),
        "model": np.array(gallery.model),
        "names": np.array(names, dtype=np.str_),
        "totals": np.array(totals, "<f4").reshape(len(rows), gallery.dim),
        "photos": np.array(photos, np.int64),
        "updated": np.array(updated, dtype=np.str_),
    }
    with replacing(path) as temporary:
        temporary.touch(mode=PRIVATE)
        with temporary.open("wb") as file:
            np.savez(file, **contents)
    return len(rows)


def import_people(gallery: Gallery, path: Path, existing: str = "refuse") -> int:
    """Takes in what `export_people` wrote, in one transaction, and says how many people that were.

    Args:
        existing: as for `Gallery.take_in`.

    Raises:
        InputError: not such a file, of another model, or people are enrolled already under `refuse`.
    """
    contents = _load_arrays(path)
    if str(contents["model"]) != gallery.model:
        raise InputError(
            f"{path}: made with another recogniser ({str(contents['model'])[:12]}, the gallery's is "
            f"{gallery.model[:12]}); enroll the people again"
        )
    totals, photos = contents["totals"].astype(np.float64), contents["photos"]
    if totals.shape[1] != gallery.dim:
        raise InputError(f"{path}: damaged: {totals.shape[1]} numbers a person, the gallery's have {gallery.dim}")
    rows = zip(
        contents["names"].tolist(), totals, photos.astype(int).tolist(), contents["updated"].tolist(), strict=True
    )
    gallery.take_in(list(rows), existing)
    return len(totals)


def exported_model(path: Path) -> tuple[str, int]:
    """The model that made an exported gallery, and the numbers in its embeddings.

    Raises:
        InputError: not an exported gallery.
    """
    contents = _load_arrays(path)
    return str(contents["model"]), int(contents["totals"].shape[-1])


def _load_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an exported gallery, all of them checked."""
    check_file(path, "expected what `faceline export` wrote", MAX_FILE_BYTES)
    try:
        with zipfile.ZipFile(path) as archive:
            # what is stored as it is takes no more memory than the file has bytes
            packed = any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist())
        if packed:
            raise ValueError("its arrays are packed, exported ones are not")
        with np.load(path, allow_pickle=False) as file:
            contents = {key: file[key] for key in _ARRAYS}
    except Exception as error:  # numpy and zipfile answer damage with errors that share no base
        raise InputError(f"{path}: not an exported gallery ({str(error)[:200]})") from None
    if contents["format"].shape or str(contents["format"]) != FORMAT:
        raise InputError(f"{path}: expected {FORMAT!r}, found {str(contents['format'])[:80]!r}")
    for key, (kinds, dimensions) in _ARRAYS.items():
        if contents[key].dtype.kind not in kinds or contents[key].ndim != dimensions:
            raise InputError(f"{path}: damaged: {key} is an array of {contents[key].dtype}, {contents[key].ndim}-d")
    totals, photos, names = contents["totals"], contents["photos"], contents["names"].tolist()
    same = len(names) == len(totals) == len(photos) == len(contents["updated"])
    if not same or not 1 <= totals.shape[1] <= MAX_DIM or not np.isfinite(totals).all() or (photos < 1).any():
        raise InputError(f"{path}: damaged: its arrays do not belong together")
    if len({normalised(name) for name in names}) < len(names):
        raise InputError(f"{path}: damaged: it has one person twice")
    for name, total, count, updated in zip(names, totals, photos.tolist(), contents["updated"].tolist(), strict=True):
        check_person(path, name, count, updated)
        if not is_sum_of_units(total, count):
            raise InputError(f"{path}: damaged: the embedding of {name} is not the sum of {count} unit vectors")
    return contents
