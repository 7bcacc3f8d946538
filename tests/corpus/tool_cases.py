"""What people hand the tool: galleries, their exports, pairs, boxes; and parameters."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import yaml
from made_people import GALLERY_DIM, GALLERY_MODEL, photo_rows, unit

from corpus.case import Case, Kind, verb
from corpus.damages import arrays, binary_file, content, put, sql, swap, text_file, tree
from corpus.model_cases import json_file
from faceline.pipeline.gallery import Gallery
from faceline.pipeline.gallery_files import export_people
from faceline.pipeline.known_boxes import read_boxes
from faceline.pipeline.variants import load_variant
from faceline.pipeline.verify import locate, parse_pairs
from faceline.settings.schema import load_params

ROOT = Path(__file__).parents[2]
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


def pairs() -> Kind:
    def write(folder: Path) -> Path:
        for name in ("Ann/Ann_0001", "Ann/Ann_0002", "Bob/Bob_0001"):
            (folder / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "photos" / f"{name}.jpg").write_bytes(b"photo")
        path = folder / "pairs.txt"
        path.write_text("2\t1\n" + "Ann\t1\t2\nAnn\t1\tBob\t1\n" * 2)
        return path

    return Kind("pairs", write, lambda path: locate(parse_pairs(path), path.with_name("photos")))


def boxes(form: str) -> Kind:
    texts = {
        "csv": "image,x,y,width,height\na.jpg,1,2,30,40\nb.jpg,1,2,30,40\n",
        "txt": "2\nimage_id x_1 y_1 width height\na.jpg 1 2 30 40\nb.jpg 1 2 30 40\n",
    }
    face = {"celeba_box": {"x": 1, "y": 2, "width": 30, "height": 40}}
    texts["json"] = json.dumps({"photos": [{"photo": name, "faces": [face]} for name in ("a.jpg", "b.jpg")]})

    def write(folder: Path) -> Path:
        (folder / f"boxes.{form}").write_text(texts[form])
        return folder / f"boxes.{form}"

    return Kind(f"boxes as {form}", write, read_boxes)


def params() -> Kind:
    def write(folder: Path) -> Path:
        (folder / "params.yaml").write_text((ROOT / "params/base.yaml").read_text())
        return folder / "params.yaml"

    return Kind("params", write, load_params)


def variant() -> Kind:
    def write(folder: Path) -> Path:
        for name in ("base", "celeba-small"):
            (folder / f"{name}.yaml").write_text((ROOT / f"params/{name}.yaml").read_text())
        return folder / "celeba-small.yaml"

    return Kind("variant", write, lambda path: load_variant("celeba-small", path.parent))


def cases() -> Iterator[Case]:
    yield from binary_file(gallery())
    yield from _galleries()
    yield from (_leaving_nothing(case) for case in (*binary_file(export()), *_exports()))
    yield Case(export_onto(), "a folder", lambda path: (path.unlink(), path.mkdir()))
    yield Case(export_onto(), "a file that is there", lambda path: None, harmless=True)
    yield from text_file(pairs())
    yield from _pairs()
    for form in ("csv", "txt", "json"):
        yield from text_file(boxes(form))
        yield from _boxes(boxes(form))
    yield from json_file(boxes("json"))
    yield from text_file(params())
    yield from _params()
    # a variant is known by its file, and an empty one changes nothing
    yield from (case for case in text_file(variant()) if case.how not in ("empty", "missing"))
    yield from _variants()


def _leaving_nothing(case: Case) -> Case:
    return case if case.harmless else Case(**{**case.__dict__, "clean": "*new.db*"})


def _galleries() -> Iterator[Case]:
    kind = gallery()
    blob = np.full(GALLERY_DIM, 1.0, "<f4").tobytes()
    for how, commands in {
        "no facts": ["DELETE FROM facts"],
        "no table of facts": ["DROP TABLE facts"],
        "no table of people": ["DROP TABLE people"],
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
        "short blobs": ["UPDATE people SET total = x'00000000'"],
        "blobs of 3 bytes": ["UPDATE people SET total = x'000000'"],
        "text as blobs": ["UPDATE people SET total = 'hello'"],
        "totals of NaN": [f"UPDATE people SET total = x'{np.full(GALLERY_DIM, np.nan, '<f4').tobytes().hex()}'"],
        "totals of 1e30": [f"UPDATE people SET total = x'{np.full(GALLERY_DIM, 1e30, '<f4').tobytes().hex()}'"],
        "totals longer than their photos": [
            "UPDATE people SET photos = 1, total = x'" + (np.frombuffer(blob, "<f4") * 9).tobytes().hex() + "'"
        ],
        "text as photos": ["UPDATE people SET photos = 'many'"],
        "photos of 10 to the 18": ["UPDATE people SET photos = 1000000000000000000"],
        "a control character in a name": ["UPDATE people SET name = 'A' || char(10) || 'da' WHERE name = 'Ada'"],
        "a name that is not text": ["UPDATE people SET name = CAST(x'ff41' AS TEXT) WHERE name = 'Ada'"],
        "a name of 5,000 characters": [f"UPDATE people SET name = '{'A' * 5000}' WHERE name = 'Ada'"],
        "an empty name": ["UPDATE people SET name = '' WHERE name = 'Ada'"],
        "the name unknown": ["UPDATE people SET name = 'unknown' WHERE name = 'Ada'"],
        "a blob as a name": ["UPDATE people SET name = x'4142' WHERE name = 'Ada'"],
        "a number as time": ["UPDATE people SET updated = x'ff'"],
        "other columns": ["ALTER TABLE people RENAME COLUMN total TO sum"],
        "people as a view": [
            "DROP TABLE people",
            f"CREATE VIEW people AS {ENDLESS} 'n' || n AS name, x'{blob.hex()}' AS total, 1 AS photos, '' AS updated "
            "FROM c",
        ],
        "facts as a view": ["DROP TABLE facts", f"CREATE VIEW facts AS {ENDLESS} n AS key, 'x' AS value FROM c"],
        "a trigger": ["CREATE TRIGGER t AFTER INSERT ON people BEGIN DELETE FROM people; END"],
        "another program's": ["DROP TABLE people", "DROP TABLE facts", "CREATE TABLE notes (text)"],
    }.items():
        yield Case(kind, how, sql(*commands), bounded="view" in how)
    yield Case(kind, "a page damaged", _damaged_page)
    yield Case(kind, "nobody", sql("DELETE FROM people"), harmless=True)


def _damaged_page(path: Path) -> None:
    sql("PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA journal_mode = DELETE")(path)
    data = bytearray(path.read_bytes())
    for page in range(1, len(data) // 4096):
        data[page * 4096 : page * 4096 + 600] = b"\xff" * 600
    path.write_bytes(data)


def _exports() -> Iterator[Case]:
    kind = export()
    for how, change in {
        "totals of 1e300": lambda a: a.update(totals=np.full((2, GALLERY_DIM), 1e300)),
        "totals of 1e30": lambda a: a.update(totals=np.full((2, GALLERY_DIM), 1e30, np.float32)),
        "totals of NaN": lambda a: a.update(totals=a["totals"] * np.nan),
        "totals of text": lambda a: a.update(totals=np.full((2, GALLERY_DIM), "x")),
        "complex totals": lambda a: a.update(totals=a["totals"] * 1j),
        "totals in one dimension": lambda a: a.update(totals=a["totals"][0]),
        "totals without dimension": lambda a: a.update(totals=np.array(5.0)),
        "totals in three dimensions": lambda a: a.update(totals=a["totals"][None]),
        "totals of dim 0": lambda a: a.update(totals=np.zeros((2, 0), np.float32)),
        "totals longer than their photos": lambda a: a.update(totals=a["totals"] * 50),
        "one row less": lambda a: a.update(totals=a["totals"][:1]),
        "photos of 0": lambda a: a.update(photos=np.array([0, 1])),
        "photos of -3": lambda a: a.update(photos=np.array([-3, 1])),
        "photos of 2.5": lambda a: a.update(photos=np.array([2.5, 1])),
        "photos of text": lambda a: a.update(photos=np.array(["a", "b"])),
        "photos of NaN": lambda a: a.update(photos=np.array([np.nan, 1])),
        "photos of 2 to the 63": lambda a: a.update(photos=np.array([2**63, 1], np.uint64)),
        "photos without dimension": lambda a: a.update(photos=np.array(3)),
        "a name more": lambda a: a.update(names=np.array(["Ada", "Bob", "Cid"])),
        "numbers as names": lambda a: a.update(names=np.array([1, 2])),
        "names without dimension": lambda a: a.update(names=np.array("Ada")),
        "a name twice": lambda a: a.update(names=np.array(["Ada", "Ada"])),
        "an empty name": lambda a: a.update(names=np.array(["Ada", ""])),
        "the name unknown": lambda a: a.update(names=np.array(["Ada", "unknown"])),
        "a name with a line end": lambda a: a.update(names=np.array(["Ada", "B\nob"])),
        "a name of 5,000 characters": lambda a: a.update(names=np.array(["Ada", "B" * 5000])),
        "pickled names": lambda a: a.update(names=np.array(["Ada", None], object)),
        "numbers as times": lambda a: a.update(updated=np.array([1, 2])),
        "a time that is none": lambda a: a.update(updated=np.array(["yesterday", "x" * 9000])),
        "another format": lambda a: a.update(format=np.array("faceline gallery 99")),
        "a list as format": lambda a: a.update(format=np.array(["a", "b"])),
        "a number as model": lambda a: a.update(model=np.array(7)),
        "a list as model": lambda a: a.update(model=np.array(["a", "b"])),
        "no model": lambda a: a.pop("model"),
        "no totals": lambda a: a.pop("totals"),
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
    data = _npy(np.zeros((2, GALLERY_DIM), np.float32))
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    short = b"(2, 16), }" + b" " * 7
    assert short in data
    members["totals.npy"] = data.replace(short, b"(999999999, 16), }")
    with zipfile.ZipFile(path, "w") as file:
        for name, content_of in members.items():
            file.writestr(name, content_of)


def _packed_large(path: Path) -> None:
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    del members["totals.npy"]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for name, data in members.items():
            file.writestr(name, data)
        with file.open("totals.npy", "w", force_zip64=True) as member:
            head = _npy(np.zeros((0, GALLERY_DIM), np.float32)).replace(b"(0, 16)", b"(26214400, 16)"[:14])
            member.write(head)
            for _ in range(100):
                member.write(bytes(2**24))


def _other_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("hello.txt", "hello")


def _pairs() -> Iterator[Case]:
    kind = pairs()
    for how, (old, new) in {
        "no folds": ("2\t1\n", "0\t1\n"),
        "minus two folds": ("2\t1\n", "-2\t-1\n"),
        "words for folds": ("2\t1\n", "two\tone\n"),
        "folds of 5,000 digits": ("2\t1\n", "7" * 5000 + "\t1\n"),
        "more folds than there are": ("2\t1\n", "1000000000\t300\n"),
        "three numbers first": ("2\t1\n", "2\t1\t1\n"),
        "a number that is none": ("Ann\t1\t2\n", "Ann\tone\t2\n"),
        "a number of 5,000 digits": ("Ann\t1\t2\n", f"Ann\t{'7' * 5000}\t2\n"),
        "a number of -1": ("Ann\t1\t2\n", "Ann\t-1\t2\n"),
        "a field more": ("Ann\t1\t2\n", "Ann\t1\t2\t3\t4\n"),
        "a field less": ("Ann\t1\tBob\t1\n", "Ann\t1\tBob\n"),
        "a photo that is not there": ("Ann\t1\t2\n", "Ann\t1\t7\n"),
        "a path as name": ("Ann\t1\t2\n", "../Ann\t1\t2\n"),
        "a name of 5,000 characters": ("Ann\t1\t2\n", f"{'A' * 5000}\t1\t2\n"),
    }.items():
        yield Case(
            kind, how, swap(old, new), named=not how.startswith(("a photo", "a path", "a name", "a number of -1"))
        )
    yield Case(kind, "a pair less", lambda path: path.write_text("\n".join(path.read_text().splitlines()[:-1])))
    yield Case(kind, "empty lines", lambda path: path.write_text(path.read_text() + "\n\n"), harmless=True)


def _boxes(kind: Kind) -> Iterator[Case]:
    if kind.name.endswith("json"):
        for key, values in {
            "photos.0.faces.0.celeba_box.x": [float("nan"), float("inf"), "left", None, 1e30, True, [1]],
            "photos.0.faces.0.celeba_box.width": [-30, 0, 1e30, None],
            "photos.0.faces.0.celeba_box": [None, [], {}],
            "photos.0.faces.0": [None, 7, {}],
            "photos.0.faces": [None, 7, "faces", {}],
            "photos.0.photo": [None, 7, []],
            "photos.0": [None, 7],
            "photos": [None, 7, "photos", {}],
        }.items():
            for value in values:
                yield Case(kind, f"{key} {value}", tree(put(key, value)))
        return
    gap = "," if kind.name.endswith("csv") else " "
    for how, box in {
        "NaN": "nan 1 2 3",
        "negative sizes": "-5 -5 -20 -30",
        "infinity": "1 1 inf 5",
        "1e30": "1 1 1e30 5",
        "5,000 digits": f"1 1 {'9' * 5000} 5",
        "a word": "1 1 wide 5",
        "a number more": "1 2 3 4 5",
        "a number less": "1 2 3",
    }.items():
        yield Case(kind, how, swap(f"b.jpg{gap}1{gap}2{gap}30{gap}40", gap.join(["b.jpg", *box.split()])), ["3"])
    yield Case(kind, "a field of 200,000 characters", swap("b.jpg", "b" * 200_000 + ".jpg"))
    yield Case(
        kind,
        "no box in one photo",
        swap(f"b.jpg{gap}1{gap}2{gap}30{gap}40", gap.join(["b.jpg", "0", "0", "0", "0"])),
        harmless=True,
    )
    yield Case(kind, "another header", swap("width", "breadth"))


def _params() -> Iterator[Case]:
    kind = params()
    bomb = "\n".join(
        ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
        + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    )
    for how, text in {
        "a list": "- a\n- b\n",
        "a word": "hello\n",
        "null": "~\n",
        "lists nested 5,000 deep": "[" * 5000,
        "mappings nested 5,000 deep": "{a: " * 5000,
        "blocks nested 2,000 deep": "".join(f"{' ' * n}a:\n" for n in range(2000)),
        "anchors that unfold to 10 to the 10": bomb,
        "an anchor within itself": "a: &a [*a]\n",
        "a Python object": "a: !!python/object/apply:os.system [ls]\n",
        "two documents": "a: 1\n---\nb: 2\n",
        "a tab": "a:\n\tb: 1\n",
        "a control character": "a: \x07\n",
        "1 MB": "".join(f"key{n}: {n}\n" for n in range(80_000)),
        "a key that is a list": "? [a, b]\n: 1\n",
        "a date that is none": "a: 2020-99-99\n",
    }.items():
        yield Case(kind, how, content(text), bounded=how.startswith(("anchors", "1 MB")))
    for how, (key, value) in {
        "max_unreadable: true": ("data.max_unreadable", True),
        "max_unreadable: -1": ("data.max_unreadable", -1),
        "max_unreadable: NaN": ("data.max_unreadable", float("nan")),
        "max_unreadable of 5,000 digits": ("data.max_unreadable", "BIG"),
        "a list as a path": ("data.images", ["a"]),
        "a number as a path": ("data.images", 7),
        "true as a rate": ("recognition.learning_rate", True),
        "infinity as a rate": ("recognition.learning_rate", float("inf")),
        "a word as a number": ("recognition.epochs", "many"),
        "an unknown loss": ("recognition.loss", "hinge"),
        "an unknown backbone": ("recognition.backbone", "../x"),
        "a group that is a list": ("recognition", []),
        "a group that is null": ("recognition", None),
        "a group that is text": ("recognition", "yes"),
        "an unknown key": ("recognition.more", 1),
        "an unknown group": ("more", 1),
        "a value of 100,000 characters": ("recognition.loss", "x" * 100_000),
        "a value nested 200 deep": ("recognition.loss", _nested(200)),
        "true for a share": ("recognition.augmentation.flip", True),
        "true in a list": ("evaluation.group_attributes", [True]),
        "an attribute that is none": ("evaluation.group_attributes", ["Tall"]),
        "text for true": ("embedding.flip", "perhaps"),
    }.items():
        yield Case(kind, how, _set(key, value), [key.split(".")[0]] if "nested" not in how and value != "BIG" else [])
    yield Case(kind, "an anchor used twice", _anchored, harmless=True)
    yield Case(kind, "1e-4 as YAML 1.2 writes it", _set("recognition.learning_rate", "1e-4"), harmless=True)


def _nested(depth: int) -> list:
    return [_nested(depth - 1)] if depth else []


def _set(key: str, value: object):
    def damage(path: Path) -> None:
        values = yaml.safe_load(path.read_text())
        put(key, value)(values)
        path.write_text(yaml.safe_dump(values).replace("BIG", "7" * 5000))

    return damage


def _anchored(path: Path) -> None:
    text = path.read_text()
    values = yaml.safe_load(text)
    shared = values["landmarks"]["seed"]
    values["landmarks"]["seed"] = "FIRST"
    values["recognition"]["seed"] = "SECOND"
    path.write_text(yaml.safe_dump(values).replace("FIRST", f"&seed {shared}").replace("SECOND", "*seed"))


def _variants() -> Iterator[Case]:
    kind = variant()
    for how, text in {
        "a list": "- a\n",
        "a word": "hello\n",
        "an unknown key": "recognition:\n  more: 1\n",
        "a value out of range": "recognition:\n  epochs: -1\n",
        "builds on itself": "builds_on: celeba-small\n",
        "builds on nothing": "builds_on: nowhere\n",
        "builds on a list": "builds_on: [a]\n",
        "a group that is a list": "recognition: []\n",
        "nested deep": "[" * 5000,
        "an anchor within itself": "recognition: &a {loss: *a}\n",
        "a key twice": "recognition: {epochs: 1}\nrecognition: {epochs: 2}\n",
    }.items():
        yield Case(
            kind,
            how,
            content(text),
            named=how not in ("a value out of range", "builds on nothing", "a group that is a list"),
        )
