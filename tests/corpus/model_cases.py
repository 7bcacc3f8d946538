"""Model files: safetensors and their headers, ONNX exports, calibrations, box maps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from tiny_landmarks import PARAMS as HOURGLASS_PARAMS
from tool_fakes import MODEL, write_onnx_models

from corpus.case import Case, Kind
from corpus.damages import (
    any_file,
    binary_file,
    content,
    drop,
    header,
    onnx_properties,
    put,
    raw_header,
    text_file,
    tree,
    weights,
)
from faceline.alignment.geometry.template import template
from faceline.boxes.boxes import BoxMap
from faceline.detection.detections import DetectorSettings, read_box_map, write_box_map
from faceline.detectors.yunet import Yunet
from faceline.evaluation.verification.calibration import Calibration
from faceline.evaluation.verification.score_tail import ScoreTail
from faceline.exported.runtime import OnnxEmbedder, OnnxLandmarkPredictor
from faceline.landmarks.net.hourglass import HourglassConfig, StackedHourglass
from faceline.landmarks.net.predictor import LandmarkPredictor, save_hourglass
from faceline.recognition.embedding.embedder import Embedder
from faceline.recognition.heads.registry import build_head, loss_params
from faceline.recognition.net.embedding_net import EmbeddingNet, NetConfig, Recognizer
from faceline.recognition.net.recognizer_file import save_recognizer

CPU = torch.device("cpu")
LOSS = {"scale": 16.0, "margin_rad": 0.3}
HUGE = 10**400


def recognizer() -> Kind:
    def write(folder: Path) -> Path:
        torch.manual_seed(1)
        config = NetConfig("spherenet4", 4, 2, 0.0, 32)
        net = Recognizer(
            EmbeddingNet(config), build_head("arcface", loss_params("arcface")(**LOSS), 3, config.embedding_dim)
        )
        metadata = {
            "people": [3, 5, 8],
            "loss": {"name": "arcface", "params": LOSS},
            "align": {"size_px": 112, "template": np.round(template(112), 4).tolist(), "landmarks": "hourglass"},
            "template": np.round(template(112), 4).tolist(),
            "synthetic": True,
        }
        save_recognizer(folder / "recognizer.safetensors", net.state_dict(), config, metadata)
        return folder / "recognizer.safetensors"

    def read(path: Path) -> None:
        embedder = Embedder.load(path, CPU, with_head=True)
        vectors = embedder.embed(np.zeros((1, 112, 112, 3), np.uint8), flip=True)
        assert np.isfinite(vectors).all()

    return Kind("recogniser", write, read)


def hourglass() -> Kind:
    def write(folder: Path) -> Path:
        torch.manual_seed(1)
        config = HourglassConfig(1, 8, 1, HOURGLASS_PARAMS.input_px, 1.5)
        save_hourglass(
            folder / "hourglass.safetensors",
            StackedHourglass(config),
            config,
            margin=-0.05,
            labels="synthetic",
            training={},
        )
        return folder / "hourglass.safetensors"

    def read(path: Path) -> None:
        predictor = LandmarkPredictor.load(path)
        view = predictor.view(np.array([5.0, 5, 40, 40]))
        predictor.predict([np.zeros((60, 60, 3), np.uint8)], view[None])

    return Kind("hourglass", write, read)


def onnx_recognizer() -> Kind:
    def write(folder: Path) -> Path:
        write_onnx_models(folder)
        return folder / "recognizer.onnx"

    return Kind("recogniser as ONNX", write, lambda path: OnnxEmbedder(path))


def onnx_hourglass() -> Kind:
    def write(folder: Path) -> Path:
        write_onnx_models(folder)
        return folder / "hourglass.onnx"

    def read(path: Path) -> None:
        predictor = OnnxLandmarkPredictor(path)
        predictor.view(np.array([5.0, 5, 40, 40]))

    return Kind("hourglass as ONNX", write, read)


def yunet() -> Kind:
    def write(folder: Path) -> Path:
        write_onnx_models(folder)
        return folder / "recognizer.onnx"  # an ONNX file, but not YuNet

    return Kind("YuNet", write, lambda path: Yunet(DetectorSettings(str(path))))


def calibration() -> Kind:
    def write(folder: Path) -> Path:
        thresholds = tuple(np.linspace(0.9, -0.5, 50).tolist())
        tail = ScoreTail(comparisons=1000, smallest_fmr=0.01, thresholds=thresholds, false_matches=tuple(range(50)))
        Calibration(model=MODEL, people=20, photos=60, pairs=tail, templates={2: tail}, nearest={2: tail}).write(
            folder / "calibration.json"
        )
        return folder / "calibration.json"

    return Kind("calibration", write, Calibration.read)


def box_map() -> Kind:
    def write(folder: Path) -> Path:
        write_box_map(folder / "box_map.json", "mtcnn", BoxMap(1.1, 1.2, 0.0, 0.1))
        return folder / "box_map.json"

    return Kind("box map", write, read_box_map)


def cases() -> Iterator[Case]:
    for kind in (recognizer(), hourglass()):
        yield from binary_file(kind)
        yield from _headers(kind)
    yield from _recognizer()
    yield from _hourglass()
    for kind in (onnx_recognizer(), onnx_hourglass()):
        yield from binary_file(kind)
        yield from _onnx(kind)
    yield from (case for case in any_file(yunet()) if case.how != "sound")
    yield Case(yunet(), "another model", lambda path: None)
    for kind in (calibration(), box_map()):
        yield from text_file(kind)
        yield from json_file(kind)
    yield from _calibration()
    yield from _box_map()


def json_file(kind: Kind) -> Iterator[Case]:
    """JSON that is none, or not what it should be."""
    for how, text in {
        "a list": "[]",
        "a number": "7",
        "null": "null",
        "an empty object": "{}",
        "nested 100,000 deep": "[" * 100_000 + "]" * 100_000,
        "objects nested 100,000 deep": '{"a":' * 100_000 + "1" + "}" * 100_000,
        "a number of 5,000 digits": '{"people": ' + "7" * 5000 + "}",
        "cut off": '{"detector": "mtcnn", "peo',
    }.items():
        yield Case(kind, how, content(text))


def _headers(kind: Kind) -> Iterator[Case]:
    for how, value in {
        "not JSON": b"{hello",
        "nested deep": b"[" * 50_000,
        "a list": b"[]",
        "a number": b"7",
        "null": b"null",
        "empty": b"",
        "with a number of 5,000 digits": b'{"kind": ' + b"7" * 5000 + b"}",
        "of 20 MB": b'{"kind": "' + b"x" * 20_000_000 + b'"}',
    }.items():
        yield Case(
            kind,
            f"a header that is {how}" if not how.startswith(("with", "of")) else f"a header {how}",
            header(value),
        )
    for key in ("colour_order", "config", "mean", "std", "input_px", "synthetic", "kind"):
        yield Case(kind, f"without {key}", header(drop(key)), [key] if key != "kind" else [])
    for key, values in {
        "kind": ["hedgehog", 7, None],
        "colour_order": ["BGR", 7],
        "config": [None, [], {}, "config", 7],
        "input_px": [0, -1, "112 px", 1e9, 40.5, None, True, HUGE],
        "mean": [[127.5], ["a", "b", "c"], 127.5, [float("nan")] * 3, [1e300] * 3, None, [[1, 2], 3, 4]],
        "std": [[0, 0, 0], [-1.0, 1, 1], [float("inf")] * 3, [], [None] * 3],
        "synthetic": [None, "perhaps", 3],
    }.items():
        for value in values:
            told = [] if key == "kind" or not _is_json(value) else [key]
            yield Case(kind, f"{key} {str(value)[:30]}", header(put(key, value)), told)
    yield Case(kind, "the format's own header not JSON", raw_header(b"{hello"))
    yield Case(kind, "the format's own header of 2 TB", content((2**41).to_bytes(8, "little") + b"{}"))
    yield Case(kind, "no metadata", raw_header(b"{}"))
    yield Case(
        kind, "weights beyond its end", raw_header(b'{"a":{"dtype":"F32","shape":[99],"data_offsets":[0,396]}}')
    )
    for how, number in {"NaN": np.nan, "infinite": np.inf}.items():
        yield Case(
            kind,
            f"{how} weights",
            weights(lambda all_of, number=number: _fill(all_of, number)),
            [how[:3]],
            named=True,
        )
    yield Case(kind, "no weights", weights(dict.clear))
    yield Case(kind, "one weight missing", weights(lambda all_of: all_of.pop(next(iter(all_of)))))
    yield Case(kind, "a weight of another shape", weights(_reshape))
    yield Case(kind, "text as weights", weights(_as_bytes))
    yield Case(
        kind, "100 MB of weights more", weights(lambda all_of: all_of.update(net=np.zeros(25_000_000, np.float32)))
    )


def _fill(tensors: dict, number: float) -> None:
    name = next(name for name, value in tensors.items() if value.dtype == np.float32 and value.ndim)
    tensors[name].flat[0] = number


def _reshape(tensors: dict) -> None:
    name = next(name for name, value in tensors.items() if value.ndim == 4)
    tensors[name] = tensors[name][:1]


def _as_bytes(tensors: dict) -> None:
    for name, value in tensors.items():
        tensors[name] = np.zeros(value.shape, np.uint8)


def _recognizer() -> Iterator[Case]:
    kind = recognizer()
    for key in ("align", "people", "loss", "align.size_px", "align.template", "loss.name", "loss.params"):
        yield Case(kind, f"without {key}", header(drop(key)), [key.rpartition(".")[2]])
    for key, values in {
        "config.backbone": ["resnet9000", "../../evil", "", 7, None, ["spherenet4"]],
        "config.embedding_dim": [0, -1, "many", 10**9, 2.5, 8, HUGE],
        "config.stem_stride": [0, 9, "two"],
        "config.dropout": [-1, 1.5, float("nan"), "some"],
        "config.input_px": [0, -1, 10**9, "large"],
        "config.neck": ["giraffe", 7],
        "config.unknown": [1],
        "align.size_px": [0, -112, 10**9, "112", float("nan")],
        "align.template": [[], [[1, 2]], None, [[float("nan")] * 2] * 5, [["x", "y"]] * 5, 7],
        "loss.name": ["hinge", "../ce", 7, None],
        "loss.params": [{}, {"scale": -1, "margin_rad": 0.3}, {"scale": float("nan"), "margin_rad": 0.3}, [], None],
        "people": ["everybody", [1, 2], [1, 2, "x"], {}, [1, 2, -5], [1, 2, 10**30]],
    }.items():
        for value in values:
            yield Case(kind, f"{key} {str(value)[:30]}", header(put(key, value)))


def _hourglass() -> Iterator[Case]:
    kind = hourglass()
    for key in ("points", "margin"):
        yield Case(kind, f"without {key}", header(drop(key)), [key])
    for key, values in {
        "points": [["nose"], "five", None, 5],
        "margin": ["wide", None, float("nan"), 1e300, -3],
        "config.stacks": [0, -1, 10**6, "two"],
        "config.channels": [0, -8, 10**6, 7],
        "config.depth": [0, -1, 60, "deep"],
        "config.input_px": [0, -1, 10**7],
        "config.sigma_px": [0, -1, float("nan"), "wide"],
        "config.unknown": [1],
    }.items():
        for value in values:
            told = [key.rpartition(".")[2]] if _is_json(value) else []
            yield Case(kind, f"{key} {str(value)[:30]}", header(put(key, value)), told)


def _is_json(value: object) -> bool:
    """Whether a value stands in JSON as it is: NaN and infinity do not, whatever their key."""
    return "nan" not in str(value) and "inf" not in str(value)


def _onnx(kind: Kind) -> Iterator[Case]:
    for how, properties in {
        "a kind that is not JSON": {"kind": "{"},
        "a kind that is a list": {"kind": "[]"},
        "another kind": {"kind": '"hedgehog"'},
        "metadata that are not JSON": {"input_px": "hello"},
        "metadata nested deep": {"synthetic": "[" * 50_000},
        "a number of 5,000 digits": {"input_px": "7" * 5000},
    }.items():
        yield Case(kind, how, onnx_properties(properties))
    shared = {"input_px": [0, -1, "wide", None, 10**9], "synthetic": [None, "perhaps"]}
    own = {
        "align": [None, {}, {"size_px": 0, "template": []}],
        "config": [None, {}, {"embedding_dim": 0}, {"embedding_dim": "x"}, {"embedding_dim": 7}],
        "model": [None, 7, ""],
    }
    if "hourglass" in kind.name:
        own = {"points": [None, ["nose"]], "margin": [None, "wide", float("nan")]}
    for key, values in (shared | own).items():
        yield Case(kind, f"without {key}", onnx_properties(drop(key)), [key])
        for value in values:
            yield Case(kind, f"{key} {json.dumps(value)[:30]}", onnx_properties(put(key, value)), [key])


def _calibration() -> Iterator[Case]:
    kind = calibration()
    for how, change in {
        "NaN": put("pairs.thresholds.3", float("nan")),
        "infinite": put("pairs.thresholds.0", float("inf")),
        "1e300": put("pairs.thresholds.0", 1e300),
        "a similarity of 7": put("pairs.thresholds.0", 7.0),
        "unsorted": put("pairs.thresholds.3", -0.4),
        "counts unsorted": put("pairs.false_matches.3", 49),
        "short": lambda value: value["pairs"]["thresholds"].pop(),
        "no thresholds": lambda value: value["pairs"].update(thresholds=[], false_matches=[]),
        "a smallest rate of NaN": put("pairs.smallest_fmr", float("nan")),
        "a smallest rate of infinity": put("pairs.smallest_fmr", float("inf")),
        "a smallest rate of 0": put("pairs.smallest_fmr", 0),
        "a smallest rate of 1e-300": put("pairs.smallest_fmr", 1e-300),
        "no comparisons": put("pairs.comparisons", 0),
        "fewer comparisons than matches": put("pairs.comparisons", 10),
        "text as thresholds": put("pairs.thresholds", ["a"] * 50),
        "true as a threshold": put("pairs.thresholds.0", True),
        "negative people": put("people", -1),
        "an unknown key": put("more", 1),
        "templates of 0 photos": lambda value: value["templates"].update({"0": value["pairs"]}),
        "templates by words": lambda value: value["templates"].update({"two": value["pairs"]}),
        "the nearest of 0 photos": lambda value: value["nearest"].update({"0": value["pairs"]}),
        "a threshold of NaN for the nearest": put("nearest.2.thresholds.3", float("nan")),
        "nearest that are a list": put("nearest", []),
        "a number as model": put("model", 7),
        "no model": drop("model"),
        "no pairs": drop("pairs"),
        "a tail that is a list": put("pairs", []),
    }.items():
        yield Case(kind, how, tree(change))


def _box_map() -> Iterator[Case]:
    kind = box_map()
    for how, change in {
        "NaN": put("width_factor", float("nan")),
        "infinity": put("shift_x", float("inf")),
        "a factor of 0": put("width_factor", 0),
        "a factor of -1": put("height_factor", -1.0),
        "a factor of 1e300": put("height_factor", 1e300),
        "a shift of 1e300": put("shift_y", 1e300),
        "text": put("shift_y", "wide"),
        "a list": put("shift_y", [1]),
        "null": put("shift_y", None),
        "true": put("shift_y", True),
        "a detector that is a number": put("detector", 7),
        "no detector": drop("detector"),
        "no factor": drop("width_factor"),
        "an unknown key": put("more", 1),
    }.items():
        yield Case(kind, f"with {how}", tree(change))
