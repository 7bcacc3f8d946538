"""The SQLite file of a gallery: how it is made, and how files of the earlier form are brought to the present one."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faceline.core.errors import InputError
from faceline.core.scratch import scratch_beside
from faceline.galleries.checks import FORMAT, SUMS_FORMAT, check_person, checked_embeddings, checked_facts, explained
from faceline.galleries.rows import QUALITY_COLUMNS
from faceline.pipeline.private import PRIVATE_FILE

_BUSY_S = 60.0  # how long statements wait for another process that writes

_PHOTOS = f"""CREATE TABLE photos (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    photo TEXT NOT NULL,        -- the file's name
    embedding BLOB NOT NULL,    -- unit length, or the sum of so many photos; little-endian float32
    photos INTEGER NOT NULL CHECK (photos > 0),
    enrolled TEXT NOT NULL,     -- UTC, ISO 8601
    {", ".join(f"{column} REAL" for column in QUALITY_COLUMNS)}
)"""
_BY_NAME = "CREATE INDEX photos_by_name ON photos (name)"
_FACTS = "CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL)"


def earlier_photos(count: int) -> str:
    """What stands for the names of photos that a gallery kept only the sum of."""
    return f"{count} earlier {'photo' if count == 1 else 'photos'}"


def connect(path: Path) -> sqlite3.Connection:
    """Opens a file for single statements, each a transaction of its own; deleted content is overwritten."""
    # SQLite writes beside a file that it reads; where nothing can be written it must know that nobody does
    known = hasattr(os, "statvfs") and path.exists()  # Windows has no such call
    unchanging = known and bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    name = f"{path.absolute().as_uri()}?immutable=1" if unchanging else path
    database = sqlite3.connect(name, timeout=_BUSY_S, isolation_level=None, uri=unchanging)
    if not unchanging:
        database.execute("PRAGMA secure_delete = ON")
    return database


@contextmanager
def writing(database: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """One transaction that holds the write lock from the start, so that reading and adding cannot be split."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield database
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


@contextmanager
def one_state(database: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Several statements that read one state of the file, whatever others write meanwhile."""
    if database.in_transaction:
        yield database
        return
    database.execute("BEGIN")
    try:
        yield database
    finally:
        database.execute("COMMIT")


def empty_log(database: sqlite3.Connection, wait_s: float = _BUSY_S) -> bool:
    """Folds the log beside the file into it: until then the log still holds rows that were removed.

    Args:
        wait_s: how long to wait for processes that read what the log was before.

    Returns:
        Whether the log is empty.
    """
    database.execute(f"PRAGMA busy_timeout = {round(1000 * wait_s)}")
    try:
        blocked, _, _ = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        database.execute(f"PRAGMA busy_timeout = {round(1000 * _BUSY_S)}")
    return not blocked


def create(path: Path, model: str, dim: int) -> None:
    """Makes a whole gallery under another name and gives it its own at the end: nobody ever sees half of one.

    Raises:
        InputError: there is no folder to put it in.
    """
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent} to put the gallery in")
    with explained(path), scratch_beside(path) as folder:
        temporary = folder / path.name
        temporary.touch(mode=PRIVATE_FILE)  # SQLite gives its log files the same mode
        database = connect(temporary)
        for statement in (_FACTS, _PHOTOS, _BY_NAME):
            database.execute(statement)
        metadata = {"format": FORMAT, "model": model, "dim": str(dim)}
        database.executemany("INSERT INTO facts VALUES (?, ?)", metadata.items())
        database.execute("PRAGMA journal_mode = WAL")
        database.close()
        try:
            os.link(temporary, path)  # unlike a rename it never replaces what another process made meanwhile
        except FileExistsError:
            return
        except OSError:  # a file system without links
            temporary.rename(path)


def bring_up_to_date(database: sqlite3.Connection, path: Path) -> bool:
    """Gives the people of a file of the earlier form one row each, which stands for all their photos.

    Returns:
        Whether there was anything to do.

    Raises:
        InputError: a row is damaged; then nothing is changed.
    """
    with writing(database):
        facts = checked_facts(database, path)
        if facts["format"] != SUMS_FORMAT:  # another process was quicker
            return False
        database.execute(_PHOTOS)
        database.execute(_BY_NAME)
        people = database.execute("SELECT name, total, photos, updated FROM people ORDER BY name").fetchall()
        for name, _, count, when in people:
            check_person(path, name, count, when)
        names, totals, counts, _ = zip(*people, strict=True) if people else ((), (), (), ())
        checked_embeddings(path, names, totals, counts, int(facts["dim"]))
        database.executemany(
            "INSERT INTO photos (name, photo, embedding, photos, enrolled) VALUES (?, ?, ?, ?, ?)",
            [(name, earlier_photos(count), total, count, when) for name, total, count, when in people],
        )
        database.execute("DROP TABLE people")
        database.execute("UPDATE facts SET value = ? WHERE key = 'format'", (FORMAT,))
    empty_log(database)
    return True
