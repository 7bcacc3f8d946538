"""ONNX files as they come from the field, opened by ONNX Runtime with what keeps it from being fast mended.

Two things are common in such files and cost SFace half its speed on a CPU: weights that are listed as inputs too, as
the format's early versions asked for, so that no constant may be folded; and PRelu, for which the runtime has no fast
kernel. Answers stay the same but for rounding.
"""

from __future__ import annotations

from collections.abc import MutableSequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from faceline.core.errors import InputError
from faceline.core.files import check_file

MAX_FILE_BYTES = 2**31  # protobuf reads no larger message
PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")


def read_onnx(path: Path) -> onnx.ModelProto:
    """Reads a model, its weights no longer inputs, its PRelus as other operators.

    Raises:
        InputError: it cannot be read, or is no ONNX model.
    """
    check_file(path, "expected an ONNX file", MAX_FILE_BYTES)
    try:
        model = onnx.load(path)
    except Exception as error:  # protobuf's and the file system's share no base
        raise InputError(f"{path}: not an ONNX file ({' '.join(str(error).split())[:300]})") from None
    if not model.graph.node or not model.graph.output:
        raise InputError(f"{path}: not an ONNX file (it holds no net)")
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    _replace(model.graph.input, [one for one in model.graph.input if one.name not in weights])
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        known = node.op_type == "PRelu" and node.input[1] in weights
        nodes += _without_prelu(node, numpy_helper.to_array(weights[node.input[1]]), model.graph) if known else [node]
    _replace(model.graph.node, nodes)
    return model


def open_onnx(model: onnx.ModelProto, path: Path) -> onnxruntime.InferenceSession:
    """A session that uses one thread a call: several calls at once use several cores.

    Raises:
        InputError: ONNX Runtime cannot run it; `path` is named.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    options.enable_mem_pattern = False  # inputs come in many sizes
    providers = [name for name in PROVIDERS if name in onnxruntime.get_available_providers()]
    try:
        return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=providers)
    except Exception as error:  # its many exceptions share no public base
        raise InputError(f"{path}: ONNX Runtime cannot run it ({' '.join(str(error).split())[:300]})") from None


def _without_prelu(node: onnx.NodeProto, slope: np.ndarray, graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """PRelu(x) = slope * x + (1 - slope) * Relu(x)."""
    x, y = node.input[0], node.output[0]
    part = {name: f"{y}/prelu_{name}" for name in ("slope", "rest", "positive", "below", "above")}
    graph.initializer.append(numpy_helper.from_array(slope, part["slope"]))
    graph.initializer.append(numpy_helper.from_array((1 - slope).astype(slope.dtype), part["rest"]))
    return [
        helper.make_node("Relu", [x], [part["positive"]]),
        helper.make_node("Mul", [x, part["slope"]], [part["below"]]),
        helper.make_node("Mul", [part["positive"], part["rest"]], [part["above"]]),
        helper.make_node("Add", [part["below"], part["above"]], [y]),
    ]


def _replace(field: MutableSequence, values: list) -> None:
    kept = list(values)
    del field[:]
    field.extend(kept)
