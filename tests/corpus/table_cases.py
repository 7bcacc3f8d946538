"""Tables between stages: packed sets, the scan, detections, embeddings, and the tables of figures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from made_people import made_table

from corpus.annotation_cases import BOX, POINTS
from corpus.case import Case, Kind
from corpus.damages import binary_file, column, columns, content, swap, table_metadata, text_file, without
from corpus.model_cases import json_file
from corpus.photo_cases import picture
from faceline.core.columns import ATTRIBUTES, FACE_HASHES, IMAGE_ID, PHOTO_HASHES
from faceline.core.files import read_json, write_json
from faceline.data.filtering.scanned import read_scan
from faceline.data.scan.scan import scan_photos
from faceline.evaluation.embeddings.table import read_embeddings, write_embeddings
from faceline.imaging.images import decode_rgb
from faceline.landmarks.detected.detected_faces import DETECTED_BOX, DETECTED_POINTS, read_detected, write_detected
from faceline.packed.sets import PackedSet, PackedWriter, write_rejected
from faceline.photos.photos import open_photos
from faceline.points.points import point_table
from faceline.recognition.embedding.packed_faces import rejected_like

PEOPLE = {IMAGE_ID: ["a.jpg", "b.jpg", "c.jpg"], "person": [7, 9, 9], "role": ["query"] * 3, "split": [""] * 3}


def faces() -> pd.DataFrame:
    return pd.concat(
        [pd.DataFrame(PEOPLE), pd.DataFrame([[1, 0] * 20] * 3, columns=ATTRIBUTES, dtype="Int8")], axis=1
    )


def packed() -> Kind:
    def write(folder: Path) -> Path:
        with PackedWriter(folder, {"kind": "aligned", "size_px": 112, "synthetic": True}) as writer:
            writer.write(faces(), [picture()] * 3)
        return folder / "part-0000.parquet"

    def read(path: Path) -> None:
        images = PackedSet(path.parent)
        assert len(images) == 3
        for encoded in images.encoded():
            decode_rgb(encoded, path.name)

    return Kind("packed set", write, read)


def rejected() -> Kind:
    def write(folder: Path) -> Path:
        write_rejected(folder, [faces().assign(reason="poor_fit")])
        return folder / "_rejected.csv"

    return Kind("table of rejected faces", write, lambda path: rejected_like(path.parent, faces()))


def scanned() -> Kind:
    def write(folder: Path) -> Path:
        (folder / "photos").mkdir()
        for name in ("a.jpg", "b.jpg"):
            (folder / "photos" / name).write_bytes(picture())
        points = pd.concat(
            [pd.DataFrame({IMAGE_ID: ["a.jpg"]}), point_table(np.array(POINTS).reshape(1, 5, 2) / 9)], axis=1
        )
        with open_photos(folder / "photos") as photos:
            scan_photos(photos, points).to_parquet(folder / "photos.parquet", index=False)
        return folder / "photos.parquet"

    return Kind("scan", write, read_scan)


def detected() -> Kind:
    def write(folder: Path) -> Path:
        table = pd.DataFrame({IMAGE_ID: ["a.jpg", "b.jpg"], "split": ["train", "test"]})
        table[DETECTED_BOX], table[DETECTED_POINTS] = [BOX, BOX], [POINTS, POINTS]
        table.loc[1, [*DETECTED_BOX, *DETECTED_POINTS]] = np.nan
        write_detected(folder / "landmark_detections.parquet", "mtcnn", table)
        return folder / "landmark_detections.parquet"

    return Kind("detections", write, read_detected)


def embedded() -> Kind:
    def write(folder: Path) -> Path:
        write_embeddings(folder / "aligned.parquet", made_table({"dev": (3, 2), "query": (3, 2)}, dim=4, failed=0.2))
        return folder / "aligned.parquet"

    return Kind("embeddings", write, read_embeddings)


def figures() -> Kind:
    def write(folder: Path) -> Path:
        write_json(folder / "recognition.json", {"tpr": 0.5, "auc": None})
        return folder / "recognition.json"

    return Kind("figures", write, read_json)


def cases() -> Iterator[Case]:
    for kind in (packed(), scanned(), detected(), embedded()):
        yield from binary_file(kind)
        yield from _parquet(kind)
    yield from _packed()
    yield from _scanned()
    yield from _detected()
    yield from _embedded()
    yield from text_file(rejected())
    for how, (old, new) in {
        "a column missing": ("reason", "cause"),
        "a person's name": ("b.jpg,9", "b.jpg,Ada"),
        "one number more": ("b.jpg,9", "b.jpg,9,9"),
        "an attribute of 500": ("c.jpg,9,query,,1", "c.jpg,9,query,,500"),
        "an unknown role": ("c.jpg,9,query", "c.jpg,9,judge"),
    }.items():
        yield Case(rejected(), how, swap(old, new))
    yield from text_file(figures())
    yield from (case for case in json_file(figures()) if case.how != "an empty object")
    yield Case(figures(), "NaN", content('{"tpr": NaN}'))


def _parquet(kind: Kind) -> Iterator[Case]:
    yield Case(kind, "no rows", columns(lambda table: table.slice(0, 0)))
    yield Case(kind, "no columns", lambda path: pq.write_table(pa.table({}), path))
    yield Case(kind, "another table", lambda path: pq.write_table(pa.table({"x": [1, 2]}), path))
    yield Case(kind, "numbers as names", columns(column(IMAGE_ID, 7)), [IMAGE_ID])
    yield Case(kind, "no names", columns(without(IMAGE_ID)), [IMAGE_ID])
    yield Case(kind, "names that are null", columns(column(IMAGE_ID, lambda n: pa.nulls(n, pa.string()))), [IMAGE_ID])
    yield Case(kind, "one name in all rows", columns(column(IMAGE_ID, "a.jpg")), ["a.jpg"])
    yield Case(
        kind,
        "a path as name",
        columns(column(IMAGE_ID, lambda n: pa.array(["../x"] + [f"{i}" for i in range(1, n)]))),
    )
    yield Case(
        kind, "a column twice", columns(lambda table: table.append_column(IMAGE_ID, table[IMAGE_ID])), [IMAGE_ID]
    )
    yield Case(kind, "its footer damaged", _footer)
    yield Case(kind, "its first page damaged", _page)


def _footer(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-200:-8] = bytes(192)
    path.write_bytes(data)


def _page(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4:60] = b"\xff" * 56
    path.write_bytes(data)


def _packed() -> Iterator[Case]:
    kind = packed()
    for how, change in {
        "no images": without("image"),
        "numbers as images": column("image", 7),
        "images that are null": column("image", lambda n: pa.nulls(n, pa.binary())),
        "text as images": column("image", "hello"),
        "metadata that are not JSON": table_metadata(b"{hello"),
        "metadata that are a list": table_metadata(b"[]"),
        "metadata nested deep": table_metadata(b"[" * 50_000),
        "metadata that are not text": table_metadata(b"\xff\xfe{"),
        "text as person": column("person", "Ada"),
        "an unknown role": column("role", "judge"),
        "attributes of 5": column("Male", lambda n: pa.array([5] * n, pa.int8())),
    }.items():
        yield Case(kind, how, columns(change))
    yield Case(
        kind, "images that are no pictures", columns(column("image", lambda n: pa.array([b"x"] * n, pa.binary())))
    )
    yield Case(kind, "a second part with other columns", _other_part, named=False, words=["part-0001.parquet"])
    yield Case(kind, "a second part that is damaged", _damaged_part, named=False, words=["part-0001.parquet"])
    yield Case(kind, "a part that is missing", _named_part, named=False, words=["part-0001.parquet"])
    yield Case(kind, "a picture of 30,000 x 30,000", _bomb, bounded=True)


def _named_part(path: Path) -> Path:
    """The path of a second part, which the manifest names."""
    shards = dict.fromkeys(["part-0000.parquet", "part-0001.parquet"], 3)
    write_json(path.with_name("_manifest.json"), {"shards": shards})
    return path.with_name("part-0001.parquet")


def _damaged_part(path: Path) -> None:
    _named_part(path).write_bytes(b"PAR1")


def _other_part(path: Path) -> None:
    pq.write_table(pq.ParquetFile(path).read().drop_columns(["role"]), _named_part(path))


def _bomb(path: Path) -> None:
    from corpus.photo_cases import plain_png

    columns(column("image", lambda n: pa.array([plain_png(30_000)] * n, pa.binary())))(path)


def _scanned() -> Iterator[Case]:
    for name, values in {
        "width": ["wide", -5, None],
        "readable": ["yes", None],
        "sharpness": [float("nan"), "blurry", None, -1.0],
        "reason": [7],
        **{name: ["hash", 0.5] for name in PHOTO_HASHES},
        FACE_HASHES[0]: ["hash"],
    }.items():
        yield Case(scanned(), f"without {name}", columns(without(name)), [name])
        for value in values:
            yield Case(scanned(), f"{name} {value}", columns(column(name, value)), [name])


def _detected() -> Iterator[Case]:
    first = DETECTED_BOX[0]
    for name, values in {
        first: ["left", float("inf"), 1e300],
        DETECTED_BOX[2]: [-5.0],
        DETECTED_POINTS[3]: ["low", float("-inf")],
        "split": ["judge", 7],
        "detector": [7, None],
    }.items():
        yield Case(detected(), f"without {name}", columns(without(name)), [name])
        for value in values:
            yield Case(detected(), f"{name} {value}", columns(column(name, value)), [name])


def _embedded() -> Iterator[Case]:
    kind = embedded()

    def vectors(value: float, width: int = 4) -> object:
        return lambda n: pa.FixedSizeListArray.from_arrays(pa.array([value] * width * n, pa.float32()), width)

    for how, change in {
        "no vectors": without("embedding"),
        "numbers as vectors": column("embedding", 7),
        "lists as vectors": column("embedding", lambda n: pa.array([[1.0]] * n)),
        "vectors of no number": column("embedding", lambda n: pa.array([[]] * n, pa.list_(pa.float32(), 0))),
        "vectors of NaN": column("embedding", vectors(float("nan"))),
        "vectors of length 0": column("embedding", vectors(0.0)),
        "vectors of length 1e30": column("embedding", vectors(1e30)),
        "vectors of text": column("embedding", lambda n: pa.array([["a"] * 4] * n, pa.list_(pa.string(), 4))),
        "no status": without("status"),
        "a status of ok without vector": column("status", "ok"),
        "numbers as status": column("status", 7),
        "no person": without("person"),
        "text as person": column("person", "Ada"),
        "an unknown role": column("role", "judge"),
        "no head label": without("head_label"),
        "metadata that are not JSON": table_metadata(b"{hello"),
        "metadata without model": table_metadata(b"{}"),
        "metadata nested deep": table_metadata(b"[" * 50_000),
        "no metadata": table_metadata(None),
    }.items():
        yield Case(kind, how, columns(change))
