"""Small recognisers as ONNX files, made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def save_net(path: Path, nodes: list, weights: dict, takes: Sequence, gives: Sequence, listed: bool = False) -> Path:
    """A net from `images` to `features`; `listed`: its weights stand among the inputs, as old files have them."""
    inputs = [helper.make_tensor_value_info("images", TensorProto.FLOAT, takes)]
    if listed:
        inputs += [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape) for name, value in weights.items()
        ]
    outputs = [helper.make_tensor_value_info("features", TensorProto.FLOAT, gives)]
    tensors = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "net", inputs, outputs, tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6), path)
    return path


def save_mean_net(path: Path, px: int = 112, takes: Sequence | None = None) -> Path:
    """Gives the mean of each plane of its left half, then of its right half: six numbers."""
    nodes = [
        helper.make_node("AveragePool", ["images"], ["halves"], kernel_shape=[px, px // 2], strides=[px, px // 2]),
        helper.make_node("Flatten", ["halves"], ["features"]),
    ]
    return save_net(path, nodes, {}, takes or [1, 3, px, px], [1, 6])


def save_prelu_net(path: Path, slope: np.ndarray) -> Path:
    """Two channels from three by a 1 x 1 convolution, PRelu, and their means."""
    weight = np.array([[1, -2, 0.5], [-1, 1, 1]], np.float32).reshape(2, 3, 1, 1)
    nodes = [
        helper.make_node("Conv", ["images", "weight"], ["planes"], kernel_shape=[1, 1]),
        helper.make_node("PRelu", ["planes", "slope"], ["bent"]),
        helper.make_node("GlobalAveragePool", ["bent"], ["means"]),
        helper.make_node("Flatten", ["means"], ["features"]),
    ]
    return save_net(path, nodes, {"weight": weight, "slope": slope}, [1, 3, 8, 8], [1, 2], listed=True)
