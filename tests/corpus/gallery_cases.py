"""Galleries and their exports."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from made_people import GALLERY_DIM, GALLERY_MODEL, photo_rows, unit

from corpus.case import Case, Kind, verb
from corpus.damages import arrays, binary_file, sql
from faceline.galleries.files import export_people
from faceline.galleries.gallery import Gallery

ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT"


def gallery() -> Kind:
    def write(folder: Path) -> Path:
        with Gallery.open_or_create(folder / "people.db", GALLERY_MODEL, GALLERY_DIM) as opened:
            opened.add(photo_rows({"Ada": unit(3), "Bob": unit(2, seed=1)}))
        return folder / "people.db"

    def read(path: Path) -> None:
        verb("list", "--gallery", path)
        with Gallery(path) as opened:
            opened.references()
            opened.rows()

    return Kind("gallery", write, read)


def export() -> Kind:
    def write(folder: Path) -> Path:
        with Gallery.open_or_create(folder / "people.db", GALLERY_MODEL, GALLERY_DIM) as opened:
            opened.add(photo_rows({"Ada": unit(3), "Bob": unit(2, seed=1)}))
            export_people(opened, folder / "out.npz")
        (folder / "people.db").unlink()
        return folder / "out.npz"

    return Kind("export", write, lambda path: verb("import", path, "--gallery", path.with_name("new.db")))


def export_onto() -> Kind:
    """A sound gallery, exported to the path that is damaged."""

    def write(folder: Path) -> Path:
        export().write(folder)
        with Gallery.open_or_create(folder / "people.db", GALLERY_MODEL, GALLERY_DIM) as opened:
            opened.add(photo_rows({"Ada": unit(3)}))
        return folder / "out.npz"

    return Kind("export onto", write, lambda path: verb("export", path, "--gallery", path.with_name("people.db")))


def cases() -> Iterator[Case]:
    yield from binary_file(gallery())
    yield from _galleries()
    yield from (_leaving_nothing(case) for case in (*binary_file(export()), *_exports()))
    yield Case(export_onto(), "a folder", lambda path: (path.unlink(), path.mkdir()))
    yield Case(export_onto(), "a file that is there", lambda path: None, harmless=True)


def _leaving_nothing(case: Case) -> Case:
    return case if case.harmless else Case(**{**case.__dict__, "clean": "*new.db*"})


def _galleries() -> Iterator[Case]:
    kind = gallery()
    blob = np.full(GALLERY_DIM, 1.0, "<f4").tobytes()
    for how, commands in {
        "no facts": ["DELETE FROM facts"],
        "no table of facts": ["DROP TABLE facts"],
        "no table of photos": ["DROP TABLE photos"],
        "no model": ["DELETE FROM facts WHERE key = 'model'"],
        "no dim": ["DELETE FROM facts WHERE key = 'dim'"],
        "no format": ["DELETE FROM facts WHERE key = 'format'"],
        "another format": ["UPDATE facts SET value = 'faceline gallery 99' WHERE key = 'format'"],
        "dim 0": ["UPDATE facts SET value = '0' WHERE key = 'dim'"],
        "dim -1": ["UPDATE facts SET value = '-1' WHERE key = 'dim'"],
        "dim text": ["UPDATE facts SET value = 'many' WHERE key = 'dim'"],
        "dim of 5,000 digits": [f"UPDATE facts SET value = '{'7' * 5000}' WHERE key = 'dim'"],
        "dim 10 to the 12": ["UPDATE facts SET value = '1000000000000' WHERE key = 'dim'"],
        "dim that is not the blobs'": ["UPDATE facts SET value = '17' WHERE key = 'dim'"],
        "a blob as model": ["UPDATE facts SET value = x'ff00' WHERE key = 'model'"],
        "short blobs": ["UPDATE photos SET embedding = x'00000000'"],
        "blobs of 3 bytes": ["UPDATE photos SET embedding = x'000000'"],
        "text as blobs": ["UPDATE photos SET embedding = 'hello'"],
        "totals of NaN": [f"UPDATE photos SET embedding = x'{np.full(GALLERY_DIM, np.nan, '<f4').tobytes().hex()}'"],
        "totals of 1e30": [f"UPDATE photos SET embedding = x'{np.full(GALLERY_DIM, 1e30, '<f4').tobytes().hex()}'"],
        "totals longer than their photos": [
            "UPDATE photos SET photos = 1, embedding = x'" + (np.frombuffer(blob, "<f4") * 9).tobytes().hex() + "'"
        ],
        "text as photos": ["UPDATE photos SET photos = 'many'"],
        "photos of 10 to the 18": ["UPDATE photos SET photos = 1000000000000000000"],
        "a control character in a name": ["UPDATE photos SET name = 'A' || char(10) || 'da' WHERE name = 'Ada'"],
        "a name that is not text": ["UPDATE photos SET name = CAST(x'ff41' AS TEXT) WHERE name = 'Ada'"],
        "a name of 5,000 characters": [f"UPDATE photos SET name = '{'A' * 5000}' WHERE name = 'Ada'"],
        "an empty name": ["UPDATE photos SET name = '' WHERE name = 'Ada'"],
        "the name unknown": ["UPDATE photos SET name = 'unknown' WHERE name = 'Ada'"],
        "a blob as a name": ["UPDATE photos SET name = x'4142' WHERE name = 'Ada'"],
        "a number as time": ["UPDATE photos SET enrolled = x'ff'"],
        "a blob as a photo's file": ["UPDATE photos SET photo = x'ff'"],
        "a line end in a photo's file": ["UPDATE photos SET photo = 'a' || char(10) || 'b'"],
        "text as a quality": ["UPDATE photos SET sharpness = 'high', face_px = 1, yaw = 0, pitch = 0, score = 1"],
        "an infinite quality": ["UPDATE photos SET sharpness = 9e999, face_px = 1, yaw = 0, pitch = 0, score = 1"],
        "other columns": ["ALTER TABLE photos RENAME COLUMN embedding TO total"],
        "photos as a view": [
            "DROP TABLE photos",
            f"CREATE VIEW photos AS {ENDLESS} n AS id, 'n' || n AS name, '1.jpg' AS photo, "
            f"x'{blob.hex()}' AS embedding, 1 AS photos, '' AS enrolled, 1.0 AS sharpness, 1.0 AS face_px, "
            "0.0 AS yaw, 0.0 AS pitch, 1.0 AS score FROM c",
        ],
        "facts as a view": ["DROP TABLE facts", f"CREATE VIEW facts AS {ENDLESS} n AS key, 'x' AS value FROM c"],
        "a trigger": ["CREATE TRIGGER t AFTER INSERT ON photos BEGIN DELETE FROM photos; END"],
        "another program's": ["DROP TABLE photos", "DROP TABLE facts", "CREATE TABLE notes (text)"],
    }.items():
        yield Case(kind, how, sql(*commands), bounded="view" in how)
    yield Case(kind, "a page damaged", _damaged_page)
    yield Case(kind, "nobody", sql("DELETE FROM photos"), harmless=True)


def _damaged_page(path: Path) -> None:
    sql("PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA journal_mode = DELETE")(path)
    data = bytearray(path.read_bytes())
    for page in range(1, len(data) // 4096):
        data[page * 4096 : page * 4096 + 600] = b"\xff" * 600
    path.write_bytes(data)


def _exports() -> Iterator[Case]:
    kind = export()
    for how, change in {
        "totals of 1e300": lambda a: a.update(embeddings=np.full((5, GALLERY_DIM), 1e300)),
        "totals of 1e30": lambda a: a.update(embeddings=np.full((5, GALLERY_DIM), 1e30, np.float32)),
        "totals of NaN": lambda a: a.update(embeddings=a["embeddings"] * np.nan),
        "totals of text": lambda a: a.update(embeddings=np.full((5, GALLERY_DIM), "x")),
        "complex totals": lambda a: a.update(embeddings=a["embeddings"] * 1j),
        "totals in one dimension": lambda a: a.update(embeddings=a["embeddings"][0]),
        "totals without dimension": lambda a: a.update(embeddings=np.array(5.0)),
        "totals in three dimensions": lambda a: a.update(embeddings=a["embeddings"][None]),
        "totals of dim 0": lambda a: a.update(embeddings=np.zeros((5, 0), np.float32)),
        "totals longer than their photos": lambda a: a.update(embeddings=a["embeddings"] * 50),
        "one row less": lambda a: a.update(embeddings=a["embeddings"][:1]),
        "photos of 0": lambda a: a.update(photos=np.array([0, 1, 1, 1, 1])),
        "photos of -3": lambda a: a.update(photos=np.array([-3, 1, 1, 1, 1])),
        "photos of 2.5": lambda a: a.update(photos=np.array([2.5, 1, 1, 1, 1])),
        "photos of text": lambda a: a.update(photos=np.array(list("abcde"))),
        "photos of NaN": lambda a: a.update(photos=np.array([np.nan, 1, 1, 1, 1])),
        "photos of 2 to the 63": lambda a: a.update(photos=np.array([2**63, 1, 1, 1, 1], np.uint64)),
        "photos without dimension": lambda a: a.update(photos=np.array(3)),
        "a name more": lambda a: a.update(names=np.array(["Ada", "Bob", "Cid"])),
        "numbers as names": lambda a: a.update(names=np.arange(5)),
        "names without dimension": lambda a: a.update(names=np.array("Ada")),
        "a quality in one dimension": lambda a: a.update(quality=np.zeros(5)),
        "a quality of four numbers": lambda a: a.update(quality=np.zeros((5, 4))),
        "numbers as files": lambda a: a.update(files=np.arange(5)),
        "a file with a line end": lambda a: a.update(files=np.array(["a\nb"] * 5)),
        "an empty name": lambda a: a.update(names=np.array(["Ada", "Ada", "Ada", "Ada", ""])),
        "the name unknown": lambda a: a.update(names=np.array(["Ada", "Ada", "Ada", "Ada", "unknown"])),
        "a name with a line end": lambda a: a.update(names=np.array(["Ada", "Ada", "Ada", "Ada", "B\nob"])),
        "a name of 5,000 characters": lambda a: a.update(names=np.array(["Ada", "Ada", "Ada", "Ada", "B" * 5000])),
        "pickled names": lambda a: a.update(names=np.array(["Ada", "Ada", "Ada", "Ada", None], object)),
        "numbers as times": lambda a: a.update(enrolled=np.arange(5)),
        "a time that is none": lambda a: a.update(enrolled=np.array(["x" * 9000] * 5)),
        "another format": lambda a: a.update(format=np.array("faceline gallery 99")),
        "a list as format": lambda a: a.update(format=np.array(["a", "b"])),
        "a number as model": lambda a: a.update(model=np.array(7)),
        "a list as model": lambda a: a.update(model=np.array(["a", "b"])),
        "no model": lambda a: a.pop("model"),
        "no embeddings": lambda a: a.pop("embeddings"),
        "nothing": dict.clear,
    }.items():
        yield Case(kind, how, arrays(change))
    yield Case(kind, "an array alone", lambda path: path.write_bytes(_npy(np.zeros(3))))
    yield Case(kind, "a shape of 10 to the 12", _claims)
    yield Case(kind, "1.6 GB packed small", _packed_large, bounded=True, costly=True)
    yield Case(kind, "another archive", _other_archive)


def _npy(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def _claims(path: Path) -> None:
    """An array whose header says that it is larger than any memory."""
    data = _npy(np.zeros((5, GALLERY_DIM), np.float32))
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    short = b"(5, 16), }" + b" " * 7
    assert short in data
    members["embeddings.npy"] = data.replace(short, b"(999999999, 16), }")
    with zipfile.ZipFile(path, "w") as file:
        for name, content_of in members.items():
            file.writestr(name, content_of)


def _packed_large(path: Path) -> None:
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    del members["embeddings.npy"]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for name, data in members.items():
            file.writestr(name, data)
        with file.open("embeddings.npy", "w", force_zip64=True) as member:
            head = _npy(np.zeros((0, GALLERY_DIM), np.float32)).replace(b"(0, 16)", b"(26214400, 16)"[:14])
            member.write(head)
            for _ in range(100):
                member.write(bytes(2**24))


def _other_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("hello.txt", "hello")
