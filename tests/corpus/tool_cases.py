"""Pairs and boxes that people hand the tool."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from corpus.case import Case, Kind
from corpus.damages import put, swap, text_file, tree
from corpus.model_cases import json_file
from faceline.measuring.verify import locate, parse_pairs
from faceline.pipeline.known_boxes import read_boxes


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


def cases() -> Iterator[Case]:
    yield from text_file(pairs())
    yield from _pairs()
    for form in ("csv", "txt", "json"):
        yield from text_file(boxes(form))
        yield from _boxes(boxes(form))
    yield from json_file(boxes("json"))


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
