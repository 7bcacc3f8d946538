"""Sets of aligned faces: record files with their index, and pair sets."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from record_files import image_record, tile, write_face_records, write_records

from corpus.case import Case, Kind
from corpus.damages import Damage, binary_file, content, swap, text_file
from faceline.aligned_sets.face_records import FaceRecords
from faceline.aligned_sets.pair_bins import read_pair_bin
from faceline.imaging.images import decode_rgb

PAIRS = 10


def records() -> Kind:
    def write(folder: Path) -> Path:
        write_face_records(folder / "train.rec", [2, 3])
        return folder / "train.rec"

    return Kind("record file", write, _read)


def record_index() -> Kind:
    def write(folder: Path) -> Path:
        return records().write(folder).with_suffix(".idx")

    return Kind("record index", write, lambda path: _read(path.with_suffix(".rec")))


def pair_set() -> Kind:
    def write(folder: Path) -> Path:
        (folder / "lfw.bin").write_bytes(pickle.dumps(([tile(n) for n in range(2 * PAIRS)], [True, False] * 5)))
        return folder / "lfw.bin"

    return Kind("pair set", write, read_pair_bin)


def _read(path: Path) -> None:
    with FaceRecords(path) as faces:
        for key in faces.keys.tolist():
            decode_rgb(faces.image(key), f"{path}, record {key}")


def cases() -> Iterator[Case]:
    yield from binary_file(records())
    yield from _records()
    yield from text_file(record_index())
    yield from _index()
    yield from binary_file(pair_set())
    yield from _pairs()


def _records() -> Iterator[Case]:
    kind = records()
    for how, change in {
        "no magic number": lambda data: b"\0\0\0\0" + data[4:],
        "a record of 500 MB": lambda data: data[:4] + struct.pack("<I", 2**29 - 1) + data[8:],
        "a record of no bytes": lambda data: data[:4] + struct.pack("<I", 0) + data[8:],
        "4 billion labels": lambda data: data[:8] + struct.pack("<I", 2**32 - 1) + data[12:],
        "the last 2 bytes missing": lambda data: data[:-2],
    }.items():
        yield Case(kind, how, _bytes(change))
    for how, label in {
        "NaN as a label": float("nan"),
        "an infinite label": float("inf"),
        "a label of 1e30": 1e30,
        "a label of -1": -1.0,
        "a label of 0.5": 0.5,
    }.items():
        yield Case(kind, how, _of({1: image_record(label, 1, tile(1))}), ["record 1"])
    yield Case(kind, "a record that is no picture", _of({1: image_record(0, 1, b"hello")}), ["record 1"])
    first = image_record(0, 0, b"", [float("nan"), 9])
    yield Case(kind, "a count of NaN in record 0", _of({0: first, 1: image_record(0, 1, tile(1))}))
    announced = image_record(0, 0, b"", [900, 905])
    yield Case(kind, "more images announced", _of({0: announced, 1: image_record(0, 1, tile(1))}), ["899"])
    yield Case(kind, "parts without an end", _parts_without_end)
    yield Case(kind, "of images only", lambda path: write_face_records(path, [2, 3], False), harmless=True)


def _of(held: dict[int, bytes]) -> Damage:
    return lambda path: write_records(path, held)


def _bytes(change: Callable[[bytes], bytes]) -> Damage:
    return lambda path: path.write_bytes(change(path.read_bytes()))


def _parts_without_end(path: Path) -> None:
    write_records(path, {1: image_record(0, 1, tile(1))})
    data = path.read_bytes()
    (length,) = struct.unpack("<I", data[4:8])
    path.write_bytes(data[:4] + struct.pack("<I", 1 << 29 | length) + data[8:])


def _index() -> Iterator[Case]:
    kind = record_index()
    for how, new in {
        "a place below 0": "0\t-4\n",
        "a place of 2 to the 63": f"0\t{2**63 - 1}\n",
        "a place of 30 digits": f"0\t{'9' * 30}\n",
        "a place beyond the end": "0\t4000000\n",
        "a place between words": "0\t3\n",
        "a place where nothing begins": "0\t8\n",
        "a key of 5,000 digits": f"{'7' * 5000}\t0\n",
        "a key that is a word": "zero\t0\n",
        "a key without a place": "0\n",
        "a place of NaN": "0\tnan\n",
        "a key twice": "0\t0\n0\t0\n",
    }.items():
        yield Case(kind, how, swap("0\t0\n", new))


def _pairs() -> Iterator[Case]:
    kind = pair_set()
    images = [tile(n) for n in range(2 * PAIRS)]
    for how, value in {
        "one image less": (images[1:], [True] * PAIRS),
        "an image that is a number": ([7, *images[1:]], [True] * PAIRS),
        "an answer of 2": (images, [2] + [True] * 9),
        "an answer of 5,000 digits": (images, [7**4000] + [True] * 9),
        "no pairs": ([], []),
        "a number": 7,
        "a word": "pairs",
        "three lists": (images, [True] * PAIRS, []),
        "mappings": ({}, {}),
        "an array in two dimensions": (np.zeros((20, 9), np.uint8), [True] * PAIRS),
        "an array of fractions": (images, np.zeros(PAIRS)),
    }.items():
        yield Case(kind, how, content(pickle.dumps(value)))
    for how, data in {
        "a call of a shell": b"cos\nsystem\n(S'true'\ntR.",
        "bytes of 4 TB": b"\x80\x04\x8e" + (2**42).to_bytes(8, "little") + b"hello.",
        "bytes of 2 to the 63": b"\x80\x04\x8e" + (2**63).to_bytes(8, "little") + b"hello.",
        "a frame of 4 TB": b"\x80\x04\x95" + (2**42).to_bytes(8, "little") + b"hello.",
        "a memory of 2 to the 28 places": b"\x80\x02]r\xff\xff\xff\x0f.",
        "lists nested 100,000 deep": b"\x80\x02" + b"](" * 100_000 + b"e" * 100_000 + b".",
        "a number of 5,000 digits as text": b"I" + b"7" * 5000 + b"\n.",
    }.items():
        yield Case(kind, how, content(data), bounded="TB" in how or "memory" in how)
    one = np.zeros(100_000, np.uint8)
    many = pickle.dumps(([one] * 20_000, [True] * 10_000))
    yield Case(kind, "one array as 20,000 images", content(many), harmless=True, bounded=True)
