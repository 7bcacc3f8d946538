"""An ONNX file like SFace's, node by node as the published one is written, with made-up weights."""

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
CHANNELS = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)


class _Graph:
    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.last = "data"

    def weight(self, name: str, array: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(np.asarray(array, np.float32), name))
        return name

    def node(self, kind: str, name: str, *weights: str, **attributes: object) -> None:
        self.nodes.append(helper.make_node(kind, [self.last, *weights], [name], name, **attributes))
        self.last = name

    def norm(self, name: str, count: int, epsilon: float, size: float = 1.0) -> None:
        """`size` of the numbers that come in and go out: small ones show whether epsilon is the right one."""
        drawn = {"gamma": (0.9 * size, 1.1 * size), "beta": (-0.1, 0.1), "moving_mean": (-0.1, 0.1)}
        drawn["moving_var"] = (0.8 * size**2, 1.2 * size**2)
        weights = [self.weight(f"{name}_{part}", self.rng.uniform(*ends, count)) for part, ends in drawn.items()]
        self.node("BatchNormalization", name, *weights, epsilon=epsilon)

    def layer(self, name: str, inputs: int, outputs: int, kernel: int, stride: int = 1, group: int = 1) -> None:
        shape = (outputs, inputs // group, kernel, kernel)
        filters = self.rng.normal(0, (1.9 / np.prod(shape[1:])) ** 0.5, shape)  # what goes in keeps its size
        window = {"kernel_shape": [kernel] * 2, "pads": [kernel // 2] * 4, "strides": [stride] * 2, "group": group}
        self.node("Conv", f"{name}_conv2d", self.weight(f"{name}_conv2d_weight", filters), **window)
        self.norm(f"{name}_batchnorm", outputs, 1e-3)
        slopes = self.rng.uniform(0, 0.5, (outputs, 1, 1))
        self.node("PRelu", f"{name}_relu", self.weight(f"{name}_relu_gamma", slopes))


def write_sface(path: Path, seed: int = 1) -> None:
    """Writes it; input `data` (1, 3, 112, 112) RGB 0..255, output `fc1` (1, 128)."""
    graph = _Graph(seed)
    graph.node("Sub", "_minusscalar0", graph.weight("scalar_op1", np.array([127.5])))
    graph.node("Mul", "_mulscalar0", graph.weight("scalar_op2", np.array([0.0078125])))
    graph.layer("conv_1", 3, 32, 3)
    inputs = 32
    for index, (channels, stride) in enumerate(zip(CHANNELS, STRIDES, strict=True), start=2):
        graph.layer(f"conv_{index}_dw", inputs, inputs, 3, stride, group=inputs)
        graph.layer(f"conv_{index}", inputs, channels, 1)
        inputs = channels
    graph.norm("bn1", 1024, 2e-5, 0.1)
    graph.node("Flatten", "flatten")
    matrix = graph.weight("pre_fc1_weight", graph.rng.normal(0, 50176**-0.5, (128, 50176)))
    graph.node("Gemm", "pre_fc1", matrix, graph.weight("pre_fc1_bias", graph.rng.normal(0, 1, 128)), transB=1)
    graph.norm("fc1", 128, 2e-5, 0.1)
    ends = [
        [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)]
        for name, shape in (("data", [1, 3, 112, 112]), ("fc1", [1, 128]))
    ]
    made = helper.make_graph(graph.nodes, "sface", *ends, graph.weights)
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 11)], ir_version=8), path)
