"""Photos in folders and archives, for the chain and for the tool; crops by boxes that no photo holds."""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from corpus.case import Case, Kind
from corpus.damages import SPARSE_BYTES, binary_file, content, replaced_by
from faceline.core.columns import BOX_COLUMNS, IMAGE_ID
from faceline.core.errors import InputError
from faceline.data.crops.cropping import crop_faces
from faceline.data.crops.params import CropParams
from faceline.imaging.images import decode_rgb
from faceline.photos.photos import open_photos
from faceline.pipeline.photo_files import find_photos, read_photos

CROP = CropParams(context=0.3, max_px=224, jpeg_quality=95)


def picture(form: str = "JPEG", size: tuple[int, int] = (40, 30)) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    encoded = io.BytesIO()
    Image.fromarray(pixels).save(encoded, form)
    return encoded.getvalue()


def plain_png(side: int) -> bytes:
    """A square of one bit a pixel, all black: small as a file, large as RGB."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(bytes((side + 7) // 8 + 1) * side, 1)
    start = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", start) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def tall_jpeg() -> bytes:
    """A JPEG whose header says 60,000 x 60,000."""
    encoded = bytearray(picture())
    place = encoded.index(b"\xff\xc0") + 5
    encoded[place : place + 4] = struct.pack(">HH", 60_000, 60_000)
    return bytes(encoded)


def in_folder() -> Kind:
    def write(folder: Path) -> Path:
        (folder / "b.jpg").write_bytes(picture())
        return _written(folder / "a.jpg", picture())

    def read(path: Path) -> None:
        with open_photos(path.parent) as photos:
            for name in ("a.jpg", *photos.names):
                decode_rgb(photos.read(name), name)

    return Kind("photo in a folder", write, read)


def archive() -> Kind:
    def write(folder: Path) -> Path:
        _pack(folder / "photos.zip", {"img/a.jpg": picture(), "img/b.jpg": picture()})
        return folder / "photos.zip"

    def read(path: Path) -> None:
        with open_photos(path) as photos:
            for name in ("a.jpg", *photos.names):
                decode_rgb(photos.read(name), name)

    return Kind("archive of photos", write, read)


def for_the_tool() -> Kind:
    """A photo that cannot be read is a record with a reason; that is what is answered here."""

    def read(path: Path) -> None:
        (photo,) = read_photos(find_photos([str(path)]))
        if photo.status != "ok":
            raise InputError(f"{photo.name}: {photo.reason}")

    return Kind("photo for the tool", lambda folder: _written(folder / "a.png", picture("PNG")), read)


def crops(box: tuple[float, ...]) -> Kind:
    def read(path: Path) -> None:
        rows = pd.DataFrame([["a.jpg", *box]], columns=[IMAGE_ID, *BOX_COLUMNS])
        with open_photos(path.parent) as photos:
            list(crop_faces(photos, rows, CROP))

    return Kind(f"crop by the box {box}", lambda folder: _written(folder / "a.jpg", picture()), read)


def cases() -> Iterator[Case]:
    for kind in (in_folder(), for_the_tool()):
        yield from binary_file(kind)
        yield from _pictures(kind)
    yield from _archives()
    for side in (2e4, 9e4, 1e6, 1e9):
        yield Case(crops((1, 1, side, side)), "as it is", lambda path: None, ["a.jpg"], bounded=True)
    yield Case(crops((5, 5, 200, 200)), "as it is", lambda path: None, harmless=True)


def _pictures(kind: Kind) -> Iterator[Case]:
    yield Case(kind, "30,000 x 30,000 PNG", content(plain_png(30_000)), bounded=True)
    yield Case(kind, "60,000 x 60,000 JPEG", content(tall_jpeg()), ["60000"], bounded=True)
    yield Case(kind, "3 GB after its picture", _longer, bounded=True)
    yield Case(kind, "a PDF", content(b"%PDF-1.4\n1 0 obj\n"))
    yield Case(kind, "an SVG", content(b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"))
    for form in ("BMP", "WEBP", "PNG"):
        yield Case(kind, f"{form} by another suffix", content(picture(form)), harmless=True)
    for width, height in ((0, 0), (0, 5), (2**31 - 1, 1)):
        yield Case(kind, f"PNG of {width} x {height}", _png_size(width, height))
    yield Case(kind, "a socket", replaced_by(_socket))


def _archives() -> Iterator[Case]:
    kind = archive()
    yield from binary_file(kind)
    yield Case(kind, "encrypted", _flag(6, 1), ["a.jpg", "encrypted"])
    yield Case(kind, "method 99", _method(99), ["a.jpg", "99"])
    yield Case(kind, "method 93", _method(93), ["a.jpg"])
    yield Case(kind, "a damaged member", _flip, ["a.jpg"])
    yield Case(kind, "deflated and damaged", _deflated_and_damaged, ["a.jpg"])
    for how, method in {"bzip2": zipfile.ZIP_BZIP2, "LZMA": zipfile.ZIP_LZMA}.items():
        yield Case(kind, how, _repack({"a.jpg": picture()}, method), ["a.jpg", "deflate"])
    yield Case(kind, "a member missing", _repack({"b.jpg": picture()}), ["a.jpg"])
    yield Case(kind, "two of a name", _repack({"x/a.jpg": picture(), "y/a.jpg": picture()}), ["a.jpg", "rename"])
    yield Case(kind, "no photos", _repack({"a.txt": b"hello"}))
    yield Case(kind, "no members", _repack({}))
    yield Case(kind, "an empty member", _repack({"a.jpg": b""}), named=False)
    yield Case(kind, "text as a member", _repack({"a.jpg": b"hello"}), ["a.jpg"], named=False)
    yield Case(
        kind, "a 30,000 x 30,000 PNG", _repack({"a.jpg": plain_png(30_000)}), ["a.jpg"], named=False, bounded=True
    )
    yield Case(kind, "a member of 300 MB", _zeros(300 * 2**20), ["a.jpg"], bounded=True)
    yield Case(kind, "a member of 3 GB", _zeros(SPARSE_BYTES), ["a.jpg"], costly=True)
    yield Case(kind, "a member that is longer than it says", _lying, ["a.jpg"], bounded=True)
    yield Case(kind, "deflated", _repack({"a.jpg": picture()}, zipfile.ZIP_DEFLATED), harmless=True)
    yield Case(kind, "a path that leaves the folder", _repack({"../../a.jpg": picture()}), harmless=True)
    yield Case(kind, "a folder called x.jpg", _repack({"x.jpg/": b"", "a.jpg": picture()}), harmless=True)
    nameless = {"": b"hello", "a.jpg": picture(), "b.jpg": picture()}
    yield Case(kind, "a member without a name", _repack(nameless), harmless=True)
    yield Case(kind, "text before it", lambda p: p.write_bytes(b"hello" + p.read_bytes()), harmless=True)
    yield Case(
        kind, "a comment after it", lambda p: p.write_bytes(p.read_bytes()[:-2] + b"\x02\x00ok"), harmless=True
    )


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _longer(path: Path) -> None:
    os.truncate(path, SPARSE_BYTES)


def _png_size(width: int, height: int) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        encoded = bytearray(picture("PNG"))
        encoded[16:24] = struct.pack(">II", width, height)
        encoded[29:33] = struct.pack(">I", zlib.crc32(encoded[12:29]))
        path.write_bytes(encoded)

    return damage


def _socket(path: Path) -> None:
    import socket

    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path must be short
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(here)


def _pack(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, data in members.items():
            member = zipfile.ZipInfo(name)  # given as text, some versions of Python take no empty name
            member.compress_type = method
            file.writestr(member, data)


def _repack(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Callable[[Path], None]:
    return lambda path: _pack(path, members, method)


def _flag(offset: int, value: int) -> Callable[[Path], None]:
    """Sets 16 bits of every member's headers: `offset` as in the local header."""

    def damage(path: Path) -> None:
        data = bytearray(path.read_bytes())
        for magic, shift in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
            place = data.find(magic)
            while place >= 0:
                struct.pack_into("<H", data, place + offset + shift, value)
                place = data.find(magic, place + 4)
        path.write_bytes(data)

    return damage


def _method(number: int) -> Callable[[Path], None]:
    return _flag(8, number)


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[data.index(b"a.jpg") + 200] ^= 0xFF
    path.write_bytes(data)


def _deflated_and_damaged(path: Path) -> None:
    _pack(path, {"a.jpg": picture()}, zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    place = data.index(b"a.jpg") + 5
    data[place : place + 200] = b"\xff" * 200
    path.write_bytes(data)


def _zeros(size: int) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        block = bytes(2**24)
        entry = zipfile.ZipInfo("a.jpg")
        entry.compress_type = zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(path, "w", compresslevel=1) as file, file.open(entry, "w", force_zip64=True) as member:
            for _ in range(size // len(block)):
                member.write(block)

    return damage


def _lying(path: Path) -> None:
    """The directory says 100 bytes, the data unpack to 300 MB."""
    _zeros(300 * 2**20)(path)
    data = bytearray(path.read_bytes())
    place = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, place + 24, 100)
    path.write_bytes(data)
