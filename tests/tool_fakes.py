"""Stand-ins for trained models: a landmark net that knows where a face's points lie in its box, and a recogniser
that tells faces apart by their colours; as objects, and as ONNX files for runs without PyTorch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from faceline.alignment.geometry.template import TEMPLATE, template
from faceline.boxes.boxes import BoxMap, box_around
from faceline.core.columns import POINTS
from faceline.detection.detections import Detections, FaceFinder
from faceline.windows.windows import invert, net_view, transform

INPUT_PX = 128
MARGIN = -0.05
MODEL = "c" * 64
DIM = 48

# where the template's points lie in the net's view of the box that CelebA would put round them
# (boxes are in pixel-corner terms, points in pixel centres)
NET_POINTS = transform(invert(net_view(box_around(TEMPLATE + 0.5), MARGIN, INPUT_PX)), TEMPLATE)


def face_at(scale: float, shift: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Points and CelebA box of an upright face: the template, scaled and shifted, photo px."""
    points = TEMPLATE * scale + np.asarray(shift, float)
    return points, box_around(points + 0.5)


class FakeDetector(FaceFinder):
    """Gives the boxes it was told, by the photo's name, whatever their size and score."""

    name = "fake"

    def __init__(self, boxes: dict[str, Sequence], box_map: BoxMap | None = None) -> None:
        self._boxes = boxes
        self.box_map = box_map or BoxMap()

    def find(self, images: Sequence[np.ndarray], names: Sequence[str] = ()) -> list[Detections]:
        return [self._of(self._boxes.get(name, [])) for _, name in zip(images, names, strict=True)]

    def _of(self, boxes: Sequence) -> Detections:
        boxes = np.array(boxes, float).reshape(-1, 4)
        return Detections(boxes, np.full(len(boxes), 0.9), np.full((len(boxes), 5, 2), np.nan))


class FakePredictor:
    """Says that every face has the template's proportions."""

    input_px = INPUT_PX
    synthetic = False

    def view(self, box: np.ndarray) -> np.ndarray:
        return net_view(box, MARGIN, INPUT_PX)

    def predict(
        self, images: Sequence[np.ndarray], to_image: np.ndarray, batch_size: int = 64
    ) -> tuple[np.ndarray, np.ndarray]:
        assert len(images) == len(to_image)
        return transform(to_image, np.repeat(NET_POINTS[None], len(images), axis=0)), np.full((len(images), 5), 0.8)


class FakeEmbedder:
    """Mean colours of a 4 x 4 grid."""

    synthetic = False

    def embed(self, images: Sequence[np.ndarray], flip: bool, batch_size: int = 64) -> np.ndarray:
        small = [cv2.resize(image, (4, 4), interpolation=cv2.INTER_AREA).astype(float).ravel() for image in images]
        vectors = np.array(small) - 127.5
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def write_onnx_models(folder: Path, synthetic: bool = False) -> None:
    """hourglass.onnx and recognizer.onnx that behave like the objects above."""
    folder.mkdir(parents=True, exist_ok=True)
    shape = helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", INPUT_PX, INPUT_PX, 3])
    constants = [
        numpy_helper.from_array(NET_POINTS[None], "template"),
        numpy_helper.from_array(np.full((1, 5), 0.8, np.float32), "certain"),
    ]
    nodes = [
        helper.make_node("Shape", ["images"], ["shape"], end=1),
        helper.make_node("Concat", ["shape", "ones2"], ["repeat_points"], axis=0),
        helper.make_node("Concat", ["shape", "ones1"], ["repeat_scores"], axis=0),
        helper.make_node("Tile", ["template", "repeat_points"], ["points"]),
        helper.make_node("Tile", ["certain", "repeat_scores"], ["scores"]),
    ]
    constants += [numpy_helper.from_array(np.ones(2, np.int64), "ones2")]
    constants += [numpy_helper.from_array(np.ones(1, np.int64), "ones1")]
    outputs = [
        helper.make_tensor_value_info("points", TensorProto.DOUBLE, ["batch", 5, 2]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 5]),
    ]
    metadata = {
        "kind": "hourglass",
        "points": list(POINTS),
        "input_px": INPUT_PX,
        "margin": MARGIN,
        "synthetic": synthetic,
    }
    _save(folder / "hourglass.onnx", nodes, [shape], outputs, constants, metadata)

    shape = helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", 112, 112, 3])
    nodes = [
        helper.make_node("Cast", ["images"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("AveragePool", ["planes"], ["small"], kernel_shape=[28, 28], strides=[28, 28]),
        helper.make_node("Sub", ["small", "middle"], ["centred"]),
        helper.make_node("Flatten", ["centred"], ["raw"]),
        helper.make_node("LpNormalization", ["raw"], ["embeddings"], axis=1, p=2),
    ]
    constants = [numpy_helper.from_array(np.array(127.5, np.float32), "middle")]
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", DIM]) for name in ("embeddings", "raw")
    ]
    metadata = {
        "kind": "recognizer",
        "model": MODEL,
        "input_px": 112,
        "synthetic": synthetic,
        "config": {"embedding_dim": DIM},
        "align": {"size_px": 112, "template": template(112).tolist()},
    }
    _save(folder / "recognizer.onnx", nodes, [shape], outputs, constants, metadata)


def _save(path: Path, nodes: list, inputs: list, outputs: list, constants: list, metadata: dict) -> None:
    graph = helper.make_graph(nodes, path.stem, inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, {key: json.dumps(value) for key, value in metadata.items()})
    onnx.checker.check_model(model)
    onnx.save(model, path)


def paint_face(photo: np.ndarray, box: np.ndarray, seed: int) -> None:
    """Fills a box with a random 4 x 4 pattern of colours: somebody's face, as far as the fakes can see."""
    colours = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    x, y, width, height = (round(float(value)) for value in box)
    photo[y : y + height, x : x + width] = cv2.resize(colours, (width, height), interpolation=cv2.INTER_NEAREST)
