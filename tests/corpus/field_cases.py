"""What the tool keeps or takes of models from the field: their facts, and calibrations of a recogniser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import numpy as np
from tool_fakes import MODEL

from corpus.case import Case, Kind
from corpus.damages import content, drop, put, swap, text_file, tree
from corpus.model_cases import json_file
from faceline.evaluation.verification.calibration import Calibration
from faceline.evaluation.verification.score_tail import ScoreTail
from faceline.field.cache import CACHE_VARIABLE
from faceline.field.facts import recognizer_facts
from faceline.pipeline.calibrations import KeptCalibration, find_calibration

FACTS = """file: own.onnx
input_px: 112
template: arcface
colour_order: BGR
mean: [104, 117, 123]
scale: 0.0078125
embedding_dim: 512
"""


def facts() -> Kind:
    def write(folder: Path) -> Path:
        (folder / "own.yaml").write_text(FACTS)
        return folder / "own.yaml"

    return Kind("facts of a model", write, recognizer_facts)


def kept_calibration() -> Kind:
    def cache(path: Path) -> object:
        return patch.dict(os.environ, {CACHE_VARIABLE: str(path)})

    def write(folder: Path) -> Path:
        thresholds = tuple(np.linspace(0.9, -0.5, 50).tolist())
        tail = ScoreTail(comparisons=1000, smallest_fmr=0.01, thresholds=thresholds, false_matches=tuple(range(50)))
        made = Calibration(model=MODEL, people=20, photos=60, pairs=tail, templates={2: tail}, nearest={2: tail})
        kept = KeptCalibration(made_on="people", recognizer="own", detector="mtcnn", calibration=made)
        with cache(folder):
            return kept.keep()

    def read(path: Path) -> object:
        with cache(path.parents[1]):
            return find_calibration(MODEL, path.parents[1] / "models")

    return Kind("kept calibration", write, read)


def cases() -> Iterator[Case]:
    yield from text_file(facts())
    yield from _facts()
    yield from text_file(kept_calibration())
    yield from json_file(kept_calibration())
    yield from _kept()


def _facts() -> Iterator[Case]:
    kind = facts()
    for how, (old, new) in {
        "an input of 0 px": ("input_px: 112", "input_px: 0"),
        "an input of 10 to the 9 px": ("input_px: 112", "input_px: 1000000000"),
        "an input of true": ("input_px: 112", "input_px: true"),
        "an input of 5,000 digits": ("input_px: 112", "input_px: " + "7" * 5000),
        "a mean of NaN": ("[104, 117, 123]", ".nan"),
        "a mean of two": ("[104, 117, 123]", "[104, 117]"),
        "a scale of 0": ("0.0078125", "0"),
        "an infinite scale": ("0.0078125", ".inf"),
        "no numbers out": ("embedding_dim: 512", "embedding_dim: 0"),
        "10 to the 9 numbers out": ("embedding_dim: 512", "embedding_dim: 1000000000"),
        "another order of colours": ("BGR", "GRB"),
        "a word of 100,000 characters": ("BGR", "B" * 100_000),
        "a fact twice over": ("file:", "address: https://example.org/own.onnx\nfile:"),
        "a hash that is none": ("file:", "sha256: abc\nfile:"),
        "a list as a file": ("own.onnx", "[a]"),
        "no file": ("file: own.onnx\n", ""),
        "an unknown fact": ("file:", "more: 1\nfile:"),
        "a key of 5,000 characters": ("file:", "k" * 5000 + ": 1\nfile:"),
        "a key that is a number": ("file:", "7: 1\nfile:"),
        "of a detector": ("file:", "kind: detector\nfile:"),
        "an unknown kind": ("file:", "kind: hedgehog\nfile:"),
        "an anchor within itself": ("[104, 117, 123]", "&a [*a]"),
        "a Python object": ("own.onnx", "!!python/object/apply:os.system [ls]"),
    }.items():
        yield Case(kind, how, swap(old, new))
    bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    bomb += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    yield Case(kind, "anchors that unfold to 10 to the 10", content("\n".join(bomb)), bounded=True)
    yield Case(kind, "lists nested 5,000 deep", content("[" * 5000))
    yield Case(kind, "a list", content("- a\n"))


def _kept() -> Iterator[Case]:
    kind = kept_calibration()
    for how, change in {
        "NaN": put("calibration.pairs.thresholds.3", float("nan")),
        "unsorted": put("calibration.nearest.2.thresholds.3", -0.4),
        "a smallest rate of 0": put("calibration.templates.2.smallest_fmr", 0),
        "nearest by words": lambda value: value["calibration"]["nearest"].update(two=value["calibration"]["pairs"]),
        "no calibration": drop("calibration"),
        "a number as its people": put("made_on", 7),
        "an unknown key": put("more", 1),
        "what the chain writes": lambda value: value["calibration"],
    }.items():
        yield Case(kind, how, tree(change))
