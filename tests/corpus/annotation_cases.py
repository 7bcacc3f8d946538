"""Annotation lists: CelebA's files, landmark sets, the filter's selection."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from corpus.case import Case, Kind
from corpus.damages import content, swap, text_file
from faceline.annotations.celeba import read_annotations, read_file, write_celeba
from faceline.core.columns import ATTRIBUTES, BOX_COLUMNS, IMAGE_ID, PERSON_COLUMNS, POINT_COLUMNS
from faceline.data.selection.selected import read_selected
from faceline.landmarks.sets.sources import read_landmark_set

BOX = (95, 71, 226, 313)
POINTS = (165, 184, 244, 176, 196, 249, 194, 271, 266, 260)
FILES = {
    "identity": "identity_CelebA.txt",
    "partition": "list_eval_partition.txt",
    "attributes": "list_attr_celeba.txt",
    "boxes": "list_bbox_celeba.txt",
    "landmarks": "list_landmarks_celeba.txt",
}


def made_table() -> pd.DataFrame:
    """Two photos of two people."""
    table = pd.DataFrame({IMAGE_ID: ["a.jpg", "b.jpg"], "person": [7, 9], "partition": [0, 2]})
    table[BOX_COLUMNS], table[POINT_COLUMNS] = [BOX, BOX], [POINTS, POINTS]
    return pd.concat([table, pd.DataFrame([[1, 0] * 20] * 2, columns=ATTRIBUTES, dtype="Int8")], axis=1)


def celeba(kind: str) -> Kind:
    def write(folder: Path) -> Path:
        write_celeba(folder, made_table())
        return folder / FILES[kind]

    return Kind(f"CelebA {kind}", write, partial(read_file, kind=kind))


def celeba_csv() -> Kind:
    def write(folder: Path) -> Path:
        table = made_table()[[IMAGE_ID, *BOX_COLUMNS]].rename(columns={"x": "x_1", "y": "y_1"})
        table.to_csv(folder / "list_bbox_celeba.csv", index=False)
        return folder / "list_bbox_celeba.csv"

    return Kind("CelebA boxes as CSV", write, partial(read_file, kind="boxes"))


def all_four() -> Kind:
    def write(folder: Path) -> Path:
        write_celeba(folder, made_table())
        return folder / FILES["boxes"]

    def read(path: Path) -> object:
        return read_annotations(*(path.with_name(FILES[kind]) for kind in ("identity", "attributes", "boxes")), path)

    return Kind("CelebA together", write, read)


def landmark_list(source: str) -> Kind:
    def write(folder: Path) -> Path:
        path = folder / f"{source}.txt"
        if source == "mtfl":
            lines = [f"set/{n}_0_0.jpg 95 321 71 384 {' '.join(map(str, POINTS))}" for n in range(30)]
        else:
            numbers = (np.arange(136) * 7 % 200 + 0.5).tolist()
            lines = [",".join(["name", *(f"p{n}" for n in range(136))])]
            lines += [",".join([f"Ann_{n}.jpg", *map(str, numbers)]) for n in range(3)]
        path.write_text("\n".join(lines) + "\n")
        return path

    return Kind(f"{source} list", write, partial(read_landmark_set, source))


def selection() -> Kind:
    def write(folder: Path) -> Path:
        table = made_table().drop(columns="partition")
        table.insert(2, "role", ["train", "query"])
        table.insert(3, "split", ["train", ""])
        assert list(table)[:4] == PERSON_COLUMNS
        table.to_csv(folder / "selected.csv", index=False)
        return folder / "selected.csv"

    return Kind("selection", write, read_selected)


def cases() -> Iterator[Case]:
    for kind in FILES:
        yield from text_file(celeba(kind))
        yield from _rows(celeba(kind))
    yield from _boxes()
    yield from _landmarks()
    yield from _identity()
    yield from _attributes()
    yield from _lists()
    yield from _selection()
    yield Case(all_four(), "landmarks that are boxes", lambda path: None, words=["lefteye_x"])


def _rows(kind: Kind) -> Iterator[Case]:
    """Faults of rows that every list of CelebA's may have; `b.jpg` begins the last row."""
    last = swap("b.jpg", "b.jpg 4 5 6")
    yield Case(kind, "a row with more numbers", last, words=["line"])
    yield Case(kind, "a row without numbers", lambda path: path.write_text(path.read_text() + "c.jpg\n"), ["line"])
    for how, name in {
        "a path as name": "../b.jpg",
        "a name with a slash": "x/b.jpg",
        "a name of 5,000 characters": "b" * 5000 + ".jpg",
        "a control character in a name": "b\x07.jpg",
        "a name twice": "a.jpg",
    }.items():
        yield Case(kind, how, swap("b.jpg", name))
    yield Case(
        kind, "Windows' line ends", lambda p: p.write_bytes(p.read_bytes().replace(b"\n", b"\r\n")), harmless=True
    )
    yield Case(kind, "a byte order mark", lambda p: p.write_bytes(b"\xef\xbb\xbf" + p.read_bytes()), harmless=True)
    yield Case(kind, "empty lines at its end", lambda p: p.write_text(p.read_text() + "\n\n"), harmless=True)
    yield Case(kind, "a name that is not ASCII", swap("b.jpg", "björk.jpg"), harmless=True)
    yield Case(kind, "only line ends", content("\n" * 50))


def _boxes() -> Iterator[Case]:
    text, comma = celeba("boxes"), celeba_csv()
    yield from text_file(comma)
    for how, box in {
        "x that is no number": "nan 1 2 3",
        "all NaN": "nan nan nan nan",
        "negative sizes": "-5 -5 -20 -30",
        "negative height": "5 5 20 -30",
        "infinity": "1 1 inf 5",
        "1e30 px": "1 1 1e30 1e30",
        "300 digits": f"1 1 {'9' * 300} 5",
        "5,000 digits": f"1 1 {'9' * 5000} 5",
        "a word": "1 1 wide 5",
        "three numbers": "1 2 3",
        "five numbers": "1 2 3 4 5",
        "eight numbers": "1 2 3 4 5 6 7 8",
        "hexadecimal": "0x10 1 2 3",
    }.items():
        yield Case(
            text, how, swap("b.jpg    95  71 226 313", f"b.jpg {box}"), ["b.jpg"] if "numbers" not in how else ["4"]
        )
        row = ",".join(["b.jpg", *box.split()])
        yield Case(comma, how, swap("b.jpg,95,71,226,313", row), ["b.jpg"] if "numbers" not in how else ["3"])
    yield Case(text, "no box", swap("b.jpg    95  71 226 313", "b.jpg 0 0 0 0"), harmless=True)
    yield Case(text, "a box over the photo's edge", swap("b.jpg    95  71", "b.jpg -9 -3"), harmless=True)
    yield Case(text, "columns in another order", swap("x_1 y_1", "y_1 x_1"), harmless=True)
    yield Case(text, "more rows than announced", swap("2\nimage_id", "1\nimage_id"), ["1", "2"])
    yield Case(text, "fewer rows than announced", swap("2\nimage_id", "202599\nimage_id"), ["202599", "2"])
    yield Case(text, "no header", swap("image_id x_1 y_1 width height\n", ""), ["x_1"])
    yield Case(text, "an unknown column more", swap("width height", "width height more"))
    yield Case(comma, "quotes that do not close", swap("b.jpg,95", 'b.jpg,"95'))
    yield Case(comma, "no name", swap("b.jpg,95", ",95"))


def _landmarks() -> Iterator[Case]:
    kind = celeba("landmarks")
    row = "b.jpg  165  184"
    for how, new in {
        "infinity": "b.jpg inf 184",
        "minus infinity": "b.jpg 165 -inf",
        "NaN": "b.jpg nan 184",
        "1e9 px": "b.jpg 1e9 184",
        "one number less": "b.jpg 165",
    }.items():
        yield Case(kind, how, swap(row, new), ["b.jpg"] if "less" not in how else ["4"])
    yield Case(kind, "a column missing", swap("nose_x", "nase_x"), ["nose_x"])


def _identity() -> Iterator[Case]:
    kind = celeba("identity")
    for how, person in {
        "a person of -7": "-7",
        "a person of 7.5": "7.5",
        "a person of 2 to the 31": "2147483648",
        "a person of 30 digits": "9" * 30,
        "a person of 5,000 digits": "9" * 5000,
        "a person's name": "Ada",
        "no person": "nan",
    }.items():
        yield Case(kind, how, swap("b.jpg 9", f"b.jpg {person}"), ["b.jpg"])
    yield Case(
        kind, "boxes in its place", content("2\nimage_id x_1 y_1 width height\na.jpg 1 2 3 4\nb.jpg 1 2 3 4\n")
    )
    partition = celeba("partition")
    for number in ("3", "-1", "x"):
        yield Case(partition, f"partition {number}", swap("b.jpg 2", f"b.jpg {number}"), ["b.jpg"])


def _attributes() -> Iterator[Case]:
    kind = celeba("attributes")
    for how, value in {
        "an attribute of 2": " 2",
        "of 300": "300",
        "of nan": "nan",
        "a word": "yes",
        "of 0.5": "0.5",
    }.items():
        yield Case(kind, how, swap("b.jpg  1", f"b.jpg {value}"), ["b.jpg"])
    yield Case(kind, "an attribute missing in the header", swap("Young", "Old"), ["Young"])
    yield Case(kind, "an attribute unknown", swap("b.jpg  1", "b.jpg  0"), harmless=True)
    yield Case(kind, "an attribute twice in the header", swap("Young", "Male"))


def _lists() -> Iterator[Case]:
    mtfl, points = landmark_list("mtfl"), landmark_list("keypoints68")
    for kind in (mtfl, points):
        yield from text_file(kind)
    for how, (old, new) in {
        "a box of NaN": ("set/7_0_0.jpg 95", "set/7_0_0.jpg nan"),
        "a box of infinity": ("set/7_0_0.jpg 95", "set/7_0_0.jpg -inf"),
        "a box of 1e30": ("set/7_0_0.jpg 95 321", "set/7_0_0.jpg 95 1e30"),
        "a point of infinity": ("set/7_0_0.jpg 95 321 71 384 165", "set/7_0_0.jpg 95 321 71 384 inf"),
        "one number more": ("set/7_0_0.jpg", "set/7_0_0.jpg 5"),
        "one number less": ("set/7_0_0.jpg 95", "set/7_0_0.jpg"),
        "a face twice": ("set/7_0_0.jpg", "other/8_0_0.jpg"),
        "a word": ("set/7_0_0.jpg 95", "set/7_0_0.jpg left"),
        "a name of 5,000 characters": ("set/7_0_0.jpg", "set/" + "7" * 5000 + ".jpg"),
        "no name": ("set/7_0_0.jpg", "/"),
    }.items():
        yield Case(mtfl, how, swap(old, new), ["8" if "face" not in how else "8_0_0.jpg"])
    yield Case(mtfl, "sides in the wrong order in every row", swap(" 95 321 ", " 321 95 "))
    for how, (old, new) in {
        "NaN": ("Ann_1.jpg,0.5", "Ann_1.jpg,nan"),
        "infinity": ("Ann_1.jpg,0.5", "Ann_1.jpg,inf"),
        "1e30": ("Ann_1.jpg,0.5", "Ann_1.jpg,1e30"),
        "one number more": ("Ann_1.jpg", "Ann_1.jpg,3"),
        "a path as name": ("Ann_1.jpg", "../Ann_1.jpg"),
        "no name": ("Ann_1.jpg", ""),
    }.items():
        yield Case(points, how, swap(old, new), ["3"])


def _selection() -> Iterator[Case]:
    kind = selection()
    yield from text_file(kind)
    for how, (old, new) in {
        "a box of NaN": ("query,,95", "query,,nan"),
        "a negative size": ("query,,95,71,226", "query,,95,71,-226"),
        "a box of 1e30": ("query,,95,71,226", "query,,95,71,1e30"),
        "a point of infinity": ("313,165", "313,inf"),
        "an unknown role": ("query", "judge"),
        "an unknown split": ("train,train", "train,judge"),
        "a person of -7": ("b.jpg,9", "b.jpg,-7"),
        "a person's name": ("b.jpg,9", "b.jpg,Ada"),
        "an attribute of 5": ("260,1,0", "260,5,0"),
        "an attribute of 500": ("260,1,0", "260,500,0"),
        "a photo twice": ("b.jpg", "a.jpg"),
        "a path as name": ("b.jpg", "../b.jpg"),
        "a column missing": ("role", "part"),
        "one number more": ("b.jpg,9", "b.jpg,9,9"),
        "quotes that do not close": ("b.jpg", '"b.jpg'),
    }.items():
        yield Case(kind, how, swap(old, new))
    yield Case(kind, "an attribute unknown", swap("260,1,0", "260,,0"), harmless=True)
    yield Case(kind, "nobody", lambda path: path.write_text(path.read_text().splitlines()[0] + "\n"))
