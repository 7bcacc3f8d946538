"""What is removed from a gallery leaves the log beside it too: at once, or when those who read it are done.

A process that reads keeps the log as it was when it began, removed rows included, and the log cannot be emptied
before it ends. So that an unfinished removal is not forgotten, one fact in the gallery, written with the removal
itself, stays until the log has been emptied: also after a kill between the two.
"""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from uuid import uuid4

from faceline.core.errors import FacelineError
from faceline.galleries.checks import explained
from faceline.galleries.schema import empty_log

READERS_S = 10.0  # how long a removal waits for processes that read
_FACT = "removals"
_UNFINISHED = (
    "{path}: what was removed is gone from the gallery, but still stands in the log beside it ({path}-wal) for "
    "another process that reads it; when that has ended, the next opening finishes the removal: `faceline list`"
)

log = logging.getLogger(__name__)


def note_removal(database: sqlite3.Connection) -> None:
    """Says in the gallery that its log has to be emptied; part of the transaction that removes."""
    # each removal has a word of its own: who empties the log takes back no later removal's
    database.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (_FACT, uuid4().hex))


def unfinished_removal(database: sqlite3.Connection, path: Path) -> FacelineError | None:
    """What to tell the user while removed rows may stand in the log; None otherwise."""
    with explained(path):
        return FacelineError(_UNFINISHED.format(path=path)) if _noted(database) else None


def finish_removals(database: sqlite3.Connection, path: Path) -> None:
    """Empties the log after a removal, and waits `READERS_S` for processes that read it."""
    with explained(path):
        if not _finish(database, wait_s=0):
            log.info(f"{path}: another process reads it; waiting up to {READERS_S:g} s for it to end")
            _finish(database, READERS_S)


def finish_earlier_removals(database: sqlite3.Connection, path: Path) -> None:
    """Empties the log if a removal before could not, without waiting; a warning says so where it cannot be done."""
    try:
        with explained(path):
            finished = _finish(database, wait_s=0)
    except FacelineError:  # who may not write can still read
        finished = False
    if not finished:
        log.warning(_UNFINISHED.format(path=path))


def _finish(database: sqlite3.Connection, wait_s: float) -> bool:
    """Whether the log has been emptied, or nothing asked for it."""
    noted = _noted(database)
    if noted is None:
        return True
    if not empty_log(database, wait_s):
        return False
    database.execute("DELETE FROM facts WHERE key = ? AND value = ?", (_FACT, noted))
    return True


def _noted(database: sqlite3.Connection) -> str | None:
    row = database.execute("SELECT value FROM facts WHERE key = ?", (_FACT,)).fetchone()
    return row and row[0]
