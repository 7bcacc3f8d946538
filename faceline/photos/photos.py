"""Photos by name, from a folder (nested or not) or from a .zip, read the same way."""

import threading
import zipfile
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath

from faceline.core.errors import InputError
from faceline.photos.seven_zip import unpacking

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}


class Photos(AbstractContextManager):
    """A set of photos, each known by its file name wherever it lies below the folder, as CelebA does it.

    Reading is safe from several threads.
    """

    def __init__(self, source: Path, members: Iterable[str], archive: zipfile.ZipFile | None) -> None:
        self._source = source
        self._archive = archive
        self._lock = threading.Lock()
        self._members: dict[str, str] = {}
        for member in sorted(member for member in members if PurePosixPath(member).suffix.lower() in SUFFIXES):
            name = PurePosixPath(member).name
            if name in self._members:
                raise InputError(
                    f"{source}: two photos are called {name} ({self._members[name]}, {member}); rename one"
                )
            self._members[name] = member

    @property
    def names(self) -> list[str]:
        """The file names of all photos, sorted."""
        return list(self._members)

    def read(self, image_id: str) -> bytes:
        """The photo's encoded bytes.

        Raises:
            InputError: there is no photo of that name, or its archive entry is damaged.
        """
        try:
            member = self._members[image_id]
        except KeyError:
            raise InputError(f"{self._source}: no photo called {image_id!r}") from None
        if self._archive is None:
            return (self._source / member).read_bytes()
        try:
            with self._lock:
                return self._archive.read(member)
        except zipfile.BadZipFile as error:
            raise InputError(f"{self._source}: {member} is damaged ({error}); pack the archive again") from None

    def __exit__(self, *_: object) -> None:
        if self._archive is not None:
            self._archive.close()


def open_photos(source: Path) -> Photos:
    """Opens a folder of photos or a .zip of them.

    Raises:
        InputError: it is not there, is neither, two photos share a file name, or the photos are still packed as
            7-Zip archives.
    """
    if source.is_dir():
        photos = Photos(source, (path.relative_to(source).as_posix() for path in source.rglob("*")), None)
        if not photos.names:
            _refuse_packed(source)
        return photos
    _refuse_packed(source)
    if not source.exists():
        raise InputError(f"{source}: no photos here; data/README.md says how to put a data set in place")
    try:
        archive = zipfile.ZipFile(source)
    except zipfile.BadZipFile:
        raise InputError(f"{source}: expected a folder of photos or a .zip of them") from None
    return Photos(source, archive.namelist(), archive)


def _refuse_packed(source: Path) -> None:
    command = unpacking(source)
    if command:
        raise InputError(f"{source}: the photos are still packed; `{command}` unpacks them, then name their folder")
