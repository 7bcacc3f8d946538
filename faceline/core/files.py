"""Inputs that are checked before they are read, outputs that appear whole or not at all, and JSON both ways."""

import json
import math
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from faceline.core.errors import InputError
from faceline.core.scratch import scratch_beside

MAX_BYTES = 256 * 2**20  # of a text file: annotations of two million photos


def check_file(path: Path, hint: str, most: int = MAX_BYTES) -> None:
    """Makes sure that a file can be read to its end: pipes and devices have none.

    Args:
        hint: where such a file comes from, for the message.
        most: bytes that it may have.

    Raises:
        InputError: it is not there, no ordinary file, or too large.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; {hint}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{str(path)[:300]}: cannot be read ({getattr(error, 'strerror', error)}); {hint}") from None
    if stat.S_ISDIR(found.st_mode):
        raise InputError(f"{path}: a folder, expected a file; {hint}")
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"{path}: a pipe or a device, expected a file; {hint}")
    if found.st_size > most:
        raise InputError(f"{path}: {found.st_size} bytes, at most {most} are expected; {hint}")


def read_text(path: Path, hint: str, most: int = MAX_BYTES) -> str:
    """The text of a file in UTF-8, with or without a byte order mark.

    Args:
        hint, most: as for `check_file`.

    Raises:
        InputError: as `check_file` does; it cannot be read, or is no such text.
    """
    check_file(path, hint, most)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected text in UTF-8, found another byte at {error.start}; {hint}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); {hint}") from None
    if "\0" in text:
        raise InputError(f"{path}: expected text, found a NUL character at {text.index(chr(0))}; {hint}")
    return text


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary path; what is written there takes the place of `path` when the block ends.

    Works for files and folders. An error inside the block leaves `path` as it was and removes the rest; a kill leaves
    the rest to the next run. What stood there before is replaced, never changed: it may be a link into DVC's cache.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with scratch_beside(path) as folder:
        temporary = folder / path.name
        yield temporary
        if temporary.is_dir() and (path.exists() or path.is_symlink()):
            # a rename cannot put one folder over another; removed in its place it would be seen in part
            path.rename(folder / f"{path.name[:50]}.before")
        temporary.replace(path)


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


def read_json(path: Path, hint: str = "its stage writes it, `dvc repro`") -> dict:
    """A JSON file that holds an object; NaN and infinity are no JSON.

    Raises:
        InputError: as `read_text` does, or it holds something else.
    """
    return parse_json(read_text(path, hint), f"{path}", hint)


def parse_json(text: str | bytes, place: str, hint: str) -> dict:
    """A JSON object out of text; InputError, which names `place`, where there is none."""
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        problem = "nested too deep" if isinstance(error, RecursionError) else str(error)[:200]
        raise InputError(f"{place}: not valid JSON ({problem}); {hint}") from None
    if not isinstance(value, dict):
        raise InputError(f"{place}: expected a JSON object, found {type(value).__name__}; {hint}")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON's")


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
