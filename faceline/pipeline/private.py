"""Files that hold faces or embeddings, readable by their owner alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faceline.core.files import replacing

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700


@contextmanager
def replacing_privately(path: Path) -> Iterator[Path]:
    """Like `replacing`, with an empty file in place that its owner alone may read and write."""
    with replacing(path) as temporary:
        temporary.touch(mode=PRIVATE_FILE)
        yield temporary


def private_folder(path: Path) -> None:
    """Makes a folder, and those above it that are missing, for its owner alone; one that is there stays as it is."""
    for folder in [*(one for one in reversed(path.parents) if not one.exists()), path]:
        folder.mkdir(PRIVATE_FOLDER, exist_ok=True)


def make_private(folder: Path) -> None:
    """Gives everything in a folder, and the folder, to its owner alone."""
    for place, _, names in os.walk(folder):
        Path(place).chmod(PRIVATE_FOLDER)
        for name in names:
            Path(place, name).chmod(PRIVATE_FILE)
