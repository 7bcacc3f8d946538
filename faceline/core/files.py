"""Outputs that appear whole or not at all, and the one place that writes JSON."""

import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside `path`; what is written there takes its place when the block ends.

    Works for files and folders. An error inside the block leaves `path` as it was and removes the rest. What
    stood there before is replaced, never changed: it may be a link into DVC's cache.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp{path.suffix}")
    try:
        yield temporary
        if temporary.is_dir():
            remove(path)  # a rename cannot put one folder over another
        temporary.replace(path)
    finally:
        remove(temporary)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Like `replacing`, with the temporary folder already made."""
    with replacing(path) as temporary:
        temporary.mkdir()
        yield temporary


def remove(path: Path) -> None:
    """Removes a file, a link or a folder; one that is not there is no error."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text)


def write_json(path: Path, value: Mapping) -> None:
    """Writes indented JSON, floats rounded to 6 decimals; NaN and infinity become null."""
    write_text(path, json.dumps(plain(value), indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> dict:
    return json.loads(path.read_text())


def plain(value: object) -> object:
    """A value as JSON has it: numpy scalars as numbers, paths as text, floats rounded to 6 decimals or null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "item"):  # numpy scalars
        value = value.item()
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value
