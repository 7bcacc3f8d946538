"""The folder beside a gallery that holds its people's vectors in few bytes, for search through a memory map.

It has numbers only; names stay in the gallery. Each person stands there with the largest id of their rows and the
number of their photos. Rows of a gallery are never changed and ids never given twice. So whoever has both as before
is unchanged, and everybody else was added, changed or removed since.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from faceline.core.errors import InputError
from faceline.core.files import check_file, read_json, remove
from faceline.evaluation.verification.template_tails import SearchKind

FORMAT = "faceline gallery index 1"
FACTS, VECTORS, LAST_IDS, PHOTOS = "facts.json", "vectors.npy", "last_ids.npy", "photos.npy"
NUMBERS = {"float16": np.float16, "int8": np.int8}
SEARCHES: tuple[SearchKind, ...] = ("mean", "nearest")
MapMode = Literal["r", "r+"]
MAX_FILE_BYTES = 2**42
_HINT = "delete the folder, or make it again with `faceline index`"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stamp:
    """A state of a gallery: how many rows it has, and the largest id that it ever gave."""

    rows: int
    last_id: int


@dataclass(frozen=True)
class GalleryIndex:
    """An open index: n people by number of photos, then by name; m vectors in the same order.

    Attributes:
        key: says of which gallery it is.
        stamp: the gallery's when it was made.
        rounding: the longest distance between a unit vector and what is kept of it.
        vectors: (m, dim) float16 or int8, memory-mapped: their directions count. A person's mean, or each photo.
        last_ids: (n,) int64, memory-mapped; 0 for somebody whose vectors were overwritten.
        photos: (n,) int64.
    """

    key: str
    stamp: Stamp
    rounding: float
    vectors: np.memmap
    last_ids: np.memmap
    photos: np.ndarray


def index_folder(gallery: Path, search: SearchKind) -> Path:
    """Where the index of a gallery lies, whether there is one or not."""
    return gallery.with_name(f"{gallery.name}.{search}-index")


def fact(search: SearchKind) -> str:
    """The gallery's fact that holds the key of its index."""
    return f"{search}_index"


def stamp_of(database: sqlite3.Connection) -> Stamp:
    """The present state of a gallery."""
    rows = database.execute("SELECT count(*) FROM photos").fetchone()[0]
    given = database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'photos'").fetchone()
    return Stamp(rows, given[0] if given else 0)


def open_index(gallery: Path, search: SearchKind, dim: int, mode: MapMode = "r") -> GalleryIndex | None:
    """The index of a gallery; None where there is none.

    Args:
        mode: of the memory maps, `r` or `r+`.

    Raises:
        InputError: it is damaged.
    """
    folder = index_folder(gallery, search)
    if not folder.is_dir():
        return None
    facts = read_json(folder / FACTS, _HINT)
    vectors, last_ids, photos = (_mapped(folder / name, mode) for name in (VECTORS, LAST_IDS, PHOTOS))
    wanted = {"format": FORMAT, "search": search, "dim": dim, "numbers": vectors.dtype.name}
    for name, value in wanted.items():
        if facts.get(name) != value:
            raise InputError(
                f"{folder / FACTS}: {name} is {str(facts.get(name))[:80]!r}, expected {value!r}; {_HINT}"
            )
    sound = vectors.dtype.name in NUMBERS and vectors.ndim == 2 and vectors.shape[1] == dim
    sound &= last_ids.dtype == photos.dtype == np.int64 and last_ids.shape == photos.shape == (len(last_ids),)
    sound = sound and bool((np.diff(photos, prepend=1) >= 0).all())
    sound = sound and len(vectors) == (len(photos) if search == "mean" else photos.sum())
    numbers = [facts.get(name) for name in ("rows", "last_id", "rounding")]
    if not sound or not all(isinstance(one, int | float) and one >= 0 for one in numbers):
        raise InputError(f"{folder}: its files do not belong together; {_HINT}")
    stamp = Stamp(facts["rows"], facts["last_id"])
    return GalleryIndex(str(facts.get("key")), stamp, facts["rounding"], vectors, last_ids, np.array(photos))


def facts_text(key: str, stamp: Stamp, rounding: float, search: SearchKind, vectors: np.ndarray) -> str:
    """The file `FACTS`."""
    facts: Mapping[str, object] = {
        "format": FORMAT,
        "search": search,
        "dim": vectors.shape[1],
        "numbers": vectors.dtype.name,
        "key": key,
        "rows": stamp.rows,
        "last_id": stamp.last_id,
        "rounding": rounding,
    }
    return json.dumps(facts, indent=2) + "\n"


def unchanged(database: sqlite3.Connection, index: GalleryIndex) -> tuple[np.ndarray, list[str]]:
    """Which of the n people are still as the index has them, and the names of all others in the gallery."""
    if stamp_of(database) == index.stamp:
        return np.ones(len(index.photos), bool), []
    marks = database.execute("SELECT name, max(id), sum(photos) FROM photos GROUP BY name ORDER BY name").fetchall()
    order = np.argsort(index.last_ids)
    held = index.last_ids[order]
    ids = np.array([last for _, last, _ in marks], np.int64)
    counts = np.array([count for _, _, count in marks], np.int64)
    place = np.searchsorted(held, ids)
    known = np.zeros(len(ids), bool)
    within = place < len(held)
    person = order[place[within]]
    known[within] = (held[place[within]] == ids[within]) & (index.photos[person] == counts[within])
    kept = np.zeros(len(index.photos), bool)
    kept[order[place[known]]] = True
    return kept, [name for (name, _, _), is_known in zip(marks, known, strict=True) if not is_known]


def forget(gallery: Path, database: sqlite3.Connection, dim: int) -> None:
    """Overwrites in the indexes of a gallery whoever was changed or removed."""
    for search in SEARCHES:
        index = open_index(gallery, search, dim, "r+")
        if index is None:
            continue
        if not belongs(database, search, index):
            remove(index_folder(gallery, search))
            continue
        gone = ~unchanged(database, index)[0] & (index.last_ids != 0)
        rows = gone if search == "mean" else np.repeat(gone, index.photos)
        index.last_ids[gone] = 0
        index.vectors[rows] = 0
        for array in (index.last_ids, index.vectors):
            array.flush()


def belongs(database: sqlite3.Connection, search: SearchKind, index: GalleryIndex) -> bool:
    """Whether this gallery made that index."""
    held = database.execute("SELECT value FROM facts WHERE key = ?", (fact(search),)).fetchone()
    return held is not None and held[0] == index.key


def _mapped(path: Path, mode: MapMode) -> np.memmap:
    check_file(path, _HINT, MAX_FILE_BYTES)
    try:
        return np.load(path, mmap_mode=mode, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise InputError(f"{path}: no array of numbers ({str(error)[:200]}); {_HINT}") from None
