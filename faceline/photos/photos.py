"""Photos by name, from a folder (nested or not) or from a .zip, read the same way."""

import os
import threading
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath

from faceline.core.errors import InputError
from faceline.core.files import check_file
from faceline.imaging.images import MAX_ENCODED_BYTES
from faceline.photos.seven_zip import unpacking

MAX_ARCHIVE_BYTES = 2**44
# of these no more is unpacked than a member says that it holds
_METHODS = {zipfile.ZIP_STORED: "stored", zipfile.ZIP_DEFLATED: "deflated"}
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
        if not self._members:
            raise InputError(f"{source}: holds no photos (looked for {', '.join(sorted(SUFFIXES))})")

    def __reduce__(self) -> tuple:
        """Another process opens the folder or archive itself."""
        return open_photos, (self._source,)

    @property
    def names(self) -> list[str]:
        """The file names of all photos, sorted."""
        return list(self._members)

    def read(self, image_id: str) -> bytes:
        """The photo's encoded bytes.

        Raises:
            InputError: there is no photo of that name, it cannot be read, or is too large to be a photo.
        """
        try:
            member = self._members[image_id]
        except KeyError:
            raise InputError(f"{self._source}: no photo called {image_id!r}") from None
        if self._archive is None:
            path = self._source / member
            check_file(path, "replace the photo", MAX_ENCODED_BYTES)
            try:
                return path.read_bytes()
            except OSError as error:
                raise InputError(f"{path}: cannot be read ({error.strerror})") from None
        try:
            with self._lock:
                return self._unpack(self._archive, member)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError) as error:
            problem = f"{_brief(member)} is damaged ({_brief(error)})"
            raise InputError(f"{self._source}: {problem}; pack the archive again") from None

    def _unpack(self, archive: zipfile.ZipFile, member: str) -> bytes:
        """The bytes of an archive's entry, never more of them than it says."""
        entry = archive.getinfo(member)
        named = f"{self._source}: {_brief(member)}"
        if entry.flag_bits & 1:
            raise InputError(f"{named} is encrypted; pack the archive again without a password")
        if entry.compress_type not in _METHODS:
            raise InputError(
                f"{named} is packed by method {entry.compress_type}; pack the archive again, deflated or stored"
            )
        if entry.file_size > MAX_ENCODED_BYTES:
            raise InputError(f"{named} has {entry.file_size} bytes, too many for a photo")
        with archive.open(entry) as file:
            return file.read(entry.file_size)

    def __exit__(self, *_: object) -> None:
        if self._archive is not None:
            self._archive.close()


def open_photos(source: Path) -> Photos:
    """Opens a folder of photos or a .zip of them.

    Raises:
        InputError: it is not there, is neither, holds no photos, two of them share a file name, or the photos are
            still packed as 7-Zip archives.
    """
    if source.is_dir():
        photos = list(_files_below(source))
        if not photos:
            _refuse_packed(source)
        return Photos(source, photos, None)
    _refuse_packed(source)
    if not source.exists():
        raise InputError(f"{source}: no photos here; data/README.md says how to put a data set in place")
    check_file(source, "expected a folder of photos or a .zip of them", MAX_ARCHIVE_BYTES)
    try:
        archive = zipfile.ZipFile(source)
        # `is_dir` of Python 3.11 knows no entry without a name
        members = [name for name in archive.namelist() if not name.endswith("/")]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError(f"{source}: expected a folder of photos or a .zip of them ({_brief(error)})") from None
    return Photos(source, members, archive)


def _brief(text: object) -> str:
    """For messages: names in an archive, which its errors repeat, may have 65,535 characters."""
    return str(text)[:200]


def _refuse_packed(source: Path) -> None:
    command = unpacking(source)
    if command:
        raise InputError(f"{source}: the photos are still packed; `{command}` unpacks them, then name their folder")


def _files_below(folder: Path) -> Iterator[str]:
    """Paths of the ordinary files below a folder, which links to folders do not lead out of: pipes never end."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            if path.suffix.lower() in SUFFIXES and path.is_file():
                yield path.relative_to(folder).as_posix()
