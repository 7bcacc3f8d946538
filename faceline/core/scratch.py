"""Folders in which outputs are made before they take their places, and what killed runs leave of them."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

if sys.platform == "win32":
    fcntl = None  # nothing is locked there, and nothing swept
else:
    import fcntl

SUFFIX = ".faceline.tmp"  # .gitignore and .dvcignore know it


@contextmanager
def scratch_beside(path: Path) -> Iterator[Path]:
    """Yields a new folder beside `path`, on the same file system, which is removed with all it holds at the end.

    It is locked while the block runs. A killed process loses its locks, so the next run that writes into the same
    place knows its folder for a leftover and removes it; a folder of a living run, in a container too, is let alone.
    """
    _sweep(path.parent.absolute())
    folder, lock = _locked_folder(path)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _locked_folder(path: Path) -> tuple[Path, int | None]:
    """A folder and its lock; None where the file system has no locks, so that nobody else gets one either."""
    for _ in range(10):
        folder = Path(tempfile.mkdtemp(SUFFIX, f".{path.name[:50]}.", path.parent))
        lock = _lock(folder)
        if lock is not None or folder.exists():
            break
        # another run swept it, between its making and its locking
    return folder, lock


@cache
def _sweep(folder: Path) -> None:
    """Removes leftovers from a folder, once a process: one that gets many outputs is listed once and not for each."""
    for left in folder.glob(f".*{SUFFIX}"):
        lock = _lock(left)
        if lock is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(lock)


def _lock(folder: Path) -> int | None:
    """An open file that locks a folder until it is closed; None where another holds it, or it cannot be locked."""
    if fcntl is None:
        return None
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(lock), folder.stat()):
            return lock
    except OSError:
        pass  # another's, gone, or no locks here
    os.close(lock)
    return None
