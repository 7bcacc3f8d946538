"""Record files and pair sets written byte by byte, as MXNet and insightface write them."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

MAGIC = b"\x0a\x23\xd7\xce"  # as it lies in the file


def record(data: bytes) -> bytes:
    """A record, cut where its data holds the magic number at a multiple of four (dmlc-core's recordio.cc)."""
    cuts = [at for at in range(0, len(data) - len(data) % 4, 4) if data[at : at + 4] == MAGIC]
    starts = [0, *(at + 4 for at in cuts)]
    parts = [data[start:stop] for start, stop in zip(starts, [*cuts, len(data)], strict=True)]
    written = b""
    for place, part in enumerate(parts):
        flag = 0 if len(parts) == 1 else 1 if place == 0 else 3 if place == len(parts) - 1 else 2
        written += MAGIC + struct.pack("<I", flag << 29 | len(part)) + part + bytes(-len(part) % 4)
    return written


def write_records(path: Path, records: Mapping[int, bytes]) -> None:
    """A `.rec` and its `.idx`."""
    written, index = b"", ""
    for key, data in records.items():
        index += f"{key}\t{len(written)}\n"
        written += record(data)
    path.write_bytes(written)
    path.with_suffix(".idx").write_text(index)


def image_record(person: float, key: int, image: bytes, labels: Sequence[float] = ()) -> bytes:
    """An image with one label in its header, or with several behind it."""
    header = struct.pack("<IfQQ", len(labels), 0.0 if labels else person, key, 0)
    return header + struct.pack(f"<{len(labels)}f", *labels) + image


def tile(seed: int, side: int = 112) -> bytes:
    """A JPEG of coloured noise."""
    image = np.random.default_rng(seed).integers(0, 256, (side // 8, side // 8, 3), dtype=np.uint8)
    large = cv2.resize(image, (side, side), interpolation=cv2.INTER_NEAREST)
    return cv2.imencode(".jpg", large)[1].tobytes()


def write_face_records(path: Path, photos: Sequence[int], with_header: bool = True, side: int = 112) -> None:
    """A set as insightface hands it out: person p has photos[p] images, of keys from 1 on."""
    owners = [person for person, count in enumerate(photos) for _ in range(count)]
    images = {key: image_record(who, key, tile(key, side)) for key, who in enumerate(owners, 1)}
    end = len(owners) + 1
    first = np.cumsum([1, *photos])
    people = {
        end + person: image_record(0, end + person, b"", [first[person], first[person + 1]])
        for person in range(len(photos))
    }
    header = {0: image_record(0, 0, b"", [end, end + len(photos)])}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_records(path, header | images | people if with_header else images)


def pickled_in_python_2(images: Sequence[bytes], same: Sequence[bool]) -> bytes:
    """The pair of lists in protocol 2 with Python 2's strings, opcode by opcode."""
    strings = b"".join(b"T" + struct.pack("<i", len(image)) + image for image in images)
    answers = b"".join(b"\x88" if one else b"\x89" for one in same)
    return b"\x80\x02](" + strings + b"e](" + answers + b"e\x86."
