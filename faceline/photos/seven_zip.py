"""Photos still packed as 7-Zip archives, as CelebA's authors hand them out: found, so that a message can say how to
unpack them. Nothing here reads them."""

import re
import shlex
from pathlib import Path

_FIRST = re.compile(r"\.7z(\.0*1)?$", re.IGNORECASE)
_PART = re.compile(r"\.7z(\.\d+)?$", re.IGNORECASE)


def unpacking(source: Path) -> str:
    """The command that unpacks the photos meant by `source`, where those are a 7-Zip archive; else "".

    It is one of the archive's files, a folder that holds nothing but such files, or a place that is still empty, with
    the archive beside it.
    """
    if source.is_dir():
        first = _first_in(source)
    elif source.exists() and not _PART.search(source.name):
        return ""
    else:
        stem = _PART.sub("", source.name.removesuffix(".zip"))
        first = _first_in(source.with_name(f"{stem}.7z")) or _first_beside(source.parent, stem)
    return f"7z x {shlex.quote(str(first))} {shlex.quote(f'-o{source.parent}')}" if first else ""


def _first_in(folder: Path) -> Path | None:
    """The first part of an archive that has a folder to itself."""
    if not folder.is_dir() or any(not (_PART.search(path.name) or path.name[0] == ".") for path in folder.iterdir()):
        return None
    return next((path for path in sorted(folder.iterdir()) if _FIRST.search(path.name) and path.is_file()), None)


def _first_beside(folder: Path, stem: str) -> Path | None:
    """The first part of the archive `stem` in a folder."""
    found = sorted(folder.glob(f"{stem}.7z*")) if stem and folder.is_dir() else []
    return next((path for path in found if _FIRST.search(path.name) and path.is_file()), None)
