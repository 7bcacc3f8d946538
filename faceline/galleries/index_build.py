"""Makes the index beside a gallery, block by block: memory holds a few numbers a person, and one block of vectors."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np

from faceline.core.errors import InputError
from faceline.core.files import replacing_folder
from faceline.evaluation.verification.template_tails import SearchKind
from faceline.galleries.checks import check_person, checked_embeddings, explained
from faceline.galleries.gallery import Gallery
from faceline.galleries.index_folder import (
    FACTS,
    LAST_IDS,
    NUMBERS,
    PHOTOS,
    VECTORS,
    fact,
    facts_text,
    forget,
    index_folder,
    stamp_of,
)
from faceline.galleries.references import mean_references, nearest_references
from faceline.galleries.rounding import distances, rounded
from faceline.imaging.progress import track

BLOCK = 8192  # photos
_COUNTED = "CREATE INDEX IF NOT EXISTS photos_counted ON photos (name, photos)"  # people are told from it alone


def build_index(gallery: Gallery, search: SearchKind, numbers: str) -> Path:
    """Makes the index of a gallery, or makes it again; it appears whole or not at all.

    Args:
        search: by what it is searched: means of people, or photos.
        numbers: `float16` or `int8`.

    Returns:
        The folder.

    Raises:
        InputError: nobody is enrolled, or `nearest`, and somebody's photos are known by their sum only.
    """
    folder, key = index_folder(gallery.path, search), secrets.token_hex(16)
    with replacing_folder(folder) as temporary:
        temporary.chmod(0o700)
        with gallery.changing() as database:
            database.execute(_COUNTED)
        with gallery.reading() as database:
            _write(database, gallery, temporary, search, numbers, key)
    with gallery.changing() as database:
        database.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (fact(search), key))
    with explained(gallery.path), gallery.reading() as database:
        forget(gallery.path, database, gallery.dim)  # who was removed meanwhile
    return folder


def _write(
    database: sqlite3.Connection, gallery: Gallery, folder: Path, search: SearchKind, numbers: str, key: str
) -> None:
    marks = database.execute(
        "SELECT max(id), sum(photos), max(photos) FROM photos GROUP BY name ORDER BY name"
    ).fetchall()
    if not marks:
        raise InputError(f"{gallery.path}: nobody is enrolled")
    if search == "nearest" and any(most > 1 for _, _, most in marks):
        raise InputError(f"{gallery.path}: some people's photos are known by their sum only; use --search mean")
    photos = np.array([count for _, count, _ in marks], np.int64)
    order = np.argsort(photos, kind="stable")
    _save(folder / PHOTOS, photos[order])
    _save(folder / LAST_IDS, np.array([last for last, _, _ in marks], np.int64)[order])
    size = np.ones_like(photos) if search == "mean" else photos
    starts = np.empty_like(photos)
    starts[order] = np.cumsum(size[order]) - size[order]
    shape = (int(size.sum()), gallery.dim)
    _touch(folder / VECTORS)
    vectors = np.lib.format.open_memmap(folder / VECTORS, "w+", NUMBERS[numbers], shape)
    rounding, person = 0.0, 0
    with track(range(shape[0]), "index", shape[0], "vector") as progress:
        for names, counts, embeddings in blocks(database, gallery):
            if search == "mean":
                made = mean_references(names, counts, embeddings)
            else:
                made = nearest_references(names, embeddings)
            people = slice(person, person := person + len(made.names))
            rows = np.repeat(starts[people], size[people]) + _within(size[people])
            kept = rounded(made.embeddings, numbers)
            vectors[rows] = kept
            rounding = max(rounding, float(distances(made.embeddings, kept).max()))
            progress.update(len(rows))
    vectors.flush()
    _touch(folder / FACTS)
    (folder / FACTS).write_text(facts_text(key, stamp_of(database), rounding, search, vectors))


def blocks(database: sqlite3.Connection, gallery: Gallery) -> Iterator[tuple[list[str], np.ndarray, np.ndarray]]:
    """Names, numbers of photos and embeddings of some `BLOCK` rows at a time, all rows of a person together."""
    names: list[str] = []
    counts: list[int] = []
    blobs: list[object] = []
    cursor = database.execute("SELECT name, photos, embedding FROM photos ORDER BY name, id")
    for name, rows in groupby(cursor, key=lambda row: row[0]):
        if len(names) >= BLOCK:
            yield names, np.array(counts, int), checked_embeddings(gallery.path, names, blobs, counts, gallery.dim)
            names, counts, blobs = [], [], []
        for _, count, blob in rows:
            check_person(gallery.path, name, count, "")
            names.append(name)
            counts.append(count)
            blobs.append(blob)
    if names:
        yield names, np.array(counts, int), checked_embeddings(gallery.path, names, blobs, counts, gallery.dim)


def _within(size: np.ndarray) -> np.ndarray:
    """0, 1, ... for each person anew."""
    return np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)


def _touch(path: Path) -> None:
    path.touch(mode=0o600)


def _save(path: Path, array: np.ndarray) -> None:
    _touch(path)
    np.save(path, array)
