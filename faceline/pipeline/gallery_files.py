"""Galleries as files to carry elsewhere: everybody's embeddings as plain arrays in a private .npz."""

import zipfile
from pathlib import Path

import numpy as np

from faceline.core.errors import InputError
from faceline.core.files import replacing
from faceline.pipeline.gallery import FORMAT, PRIVATE, Gallery

_ARRAYS = ("format", "model", "names", "totals", "photos", "updated")


def export_people(gallery: Gallery, path: Path) -> int:
    """Writes everybody to a private .npz without pickles, whole or not at all, and says how many there are.

    Raises:
        InputError: there is no folder to put it in.
    """
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
    same = len(contents["names"]) == len(totals) == len(photos) == len(contents["updated"])
    if not same or totals.shape[1:] != (gallery.dim,) or not np.isfinite(totals).all() or (photos < 1).any():
        raise InputError(f"{path}: damaged: its arrays do not belong together")
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
    try:
        with np.load(path, allow_pickle=False) as file:
            contents = {key: file[key] for key in _ARRAYS}
    except (OSError, ValueError, KeyError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: not an exported gallery ({error})") from None
    if str(contents["format"]) != FORMAT:
        raise InputError(f"{path}: expected {FORMAT!r}, found {str(contents['format'])!r}")
    return contents
