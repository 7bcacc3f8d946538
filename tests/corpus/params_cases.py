"""Parameters and their variants."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from corpus.case import Case, Kind
from corpus.damages import content, put, text_file
from faceline.settings.schema import load_params
from faceline.settings.variants import load_variant

ROOT = Path(__file__).parents[2]


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
    yield from text_file(params())
    yield from _params()
    # a variant is known by its file, and an empty one changes nothing
    yield from (case for case in text_file(variant()) if case.how not in ("empty", "missing"))
    yield from _variants()


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
        "data that are null": "data:\n",
        "data that are a list": "data: [images]\n",
        "a number for photos": "data: {images: 7}\n",
        "nested deep": "[" * 5000,
        "an anchor within itself": "recognition: &a {loss: *a}\n",
        "a key twice": "recognition: {epochs: 1}\nrecognition: {epochs: 2}\n",
    }.items():
        yield Case(
            kind,
            how,
            content(text),
            named=how not in ("a value out of range", "builds on nothing", "a group that is a list")
            and not how.startswith(("data that", "a number for")),
        )
