"""Galleries and exports of the earlier form, which kept one sum of embeddings a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from made_people import GALLERY_DIM, GALLERY_MODEL, unit, write_earlier_gallery

from corpus.case import Case, Kind, verb
from corpus.damages import arrays, sql
from corpus.gallery_cases import ENDLESS, gallery

TOTALS = {"Ada": unit(3).sum(axis=0), "Bob": unit(2, seed=1).sum(axis=0)}
COUNTS = {"Ada": 3, "Bob": 2}


def earlier_gallery() -> Kind:
    def write(folder: Path) -> Path:
        write_earlier_gallery(folder / "people.db", TOTALS, COUNTS)
        return folder / "people.db"

    return Kind("gallery of sums", write, gallery().read)


def earlier_export() -> Kind:
    def write(folder: Path) -> Path:
        np.savez(
            folder / "out.npz",
            format=np.array("faceline gallery 1"),
            model=np.array(GALLERY_MODEL),
            names=np.array([*TOTALS]),
            totals=np.array([*TOTALS.values()], "<f4"),
            photos=np.array([*COUNTS.values()]),
            updated=np.array(["2020-01-01"] * 2),
        )
        return folder / "out.npz"

    return Kind("export of sums", write, lambda path: verb("import", path, "--gallery", path.with_name("new.db")))


def cases() -> Iterator[Case]:
    kind = earlier_gallery()
    yield Case(kind, "sound", lambda path: None, harmless=True)
    yield Case(kind, "nobody", sql("DELETE FROM people"), harmless=True)
    far = np.full(GALLERY_DIM, 9.0, "<f4").tobytes().hex()
    for how, commands in {
        "no table of people": ["DROP TABLE people"],
        "dim text": ["UPDATE facts SET value = 'many' WHERE key = 'dim'"],
        "short blobs": ["UPDATE people SET total = x'00000000'"],
        "totals of NaN": [f"UPDATE people SET total = x'{np.full(GALLERY_DIM, np.nan, '<f4').tobytes().hex()}'"],
        "totals longer than their photos": [f"UPDATE people SET total = x'{far}'"],
        "text as photos": ["UPDATE people SET photos = 'many'"],
        "the name unknown": ["UPDATE people SET name = 'unknown' WHERE name = 'Ada'"],
        "a blob as time": ["UPDATE people SET updated = x'ff'"],
        "people as a view": ["DROP TABLE people", f"CREATE VIEW people AS {ENDLESS} n AS name FROM c"],
    }.items():
        yield Case(kind, how, sql(*commands), bounded="view" in how)
    kind = earlier_export()
    yield Case(kind, "sound", lambda path: None, harmless=True)
    for how, change in {
        "totals of NaN": lambda a: a.update(totals=a["totals"] * np.nan),
        "totals longer than their photos": lambda a: a.update(totals=a["totals"] * 50),
        "a name twice": lambda a: a.update(names=np.array(["Ada", "Ada"])),
        "photos of text": lambda a: a.update(photos=np.array(["a", "b"])),
        "no totals": lambda a: a.pop("totals"),
        "one row less": lambda a: a.update(totals=a["totals"][:1]),
    }.items():
        yield replace(Case(kind, how, arrays(change)), clean="*new.db*")
