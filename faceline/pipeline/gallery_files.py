"""Galleries as files to carry elsewhere: everybody's embeddings as plain arrays in a private .npz."""

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from faceline.core.errors import InputError
from faceline.pipeline.gallery import FORMAT, PRIVATE, Gallery, GalleryRow

_ARRAYS = ("format", "model", "names", "totals", "photos", "updated")


def export_people(gallery: Gallery, path: Path) -> int:
    """Writes everybody to a private .npz without pickles, and says how many there are."""
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
    with _private_file(Path(path)) as temporary, temporary.open("wb") as file:
        np.savez(file, **contents)
    return len(rows)


def import_people(gallery: Gallery, path: Path, existing: str = "refuse") -> int:
    """Takes in what `export_people` wrote, in one transaction, and says how many people that were.

    Args:
        existing: as for `Gallery.take_in`.

    Raises:
        InputError: not such a file, of another model, or people are enrolled already under `refuse`.
    """
    rows = _read_rows(Path(path), gallery)
    gallery.take_in(rows, existing)
    return len(rows)


def exported_model(path: Path) -> tuple[str, int]:
    """The model that made an exported gallery, and the numbers in its embeddings.

    Raises:
        InputError: not an exported gallery.
    """
    contents = _load_arrays(Path(path))
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


def _read_rows(path: Path, gallery: Gallery) -> list[GalleryRow]:
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
    rows = zip(contents["names"], totals, photos, contents["updated"], strict=True)
    return [(str(name), total, int(count), str(when)) for name, total, count, when in rows]


@contextmanager
def _private_file(path: Path) -> Iterator[Path]:
    """A file that only its owner may read, there whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.touch(mode=PRIVATE)
        yield temporary
        temporary.replace(path)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no folder {path.parent}") from None
    finally:
        temporary.unlink(missing_ok=True)
