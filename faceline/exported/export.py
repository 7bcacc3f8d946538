"""The models as ONNX files that need neither PyTorch nor faceline to be used rightly.

Inputs are plain RGB bytes, (n, height, width, 3) uint8; normalisation, and for the hourglass the decoding of
heatmaps, are part of the graph. What else has to be known (sizes, template, margin, ...) travels as metadata.
"""

import contextlib
import json
import logging
import shutil
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn
from torch.nn import functional

from faceline.core.errors import FacelineError
from faceline.core.files import replacing
from faceline.detectors.mtcnn import load_nets
from faceline.exported.folder import (
    BOX_MAP,
    CALIBRATION,
    HOURGLASS,
    HOURGLASS_ONNX,
    MTCNN_ONNX,
    RECOGNIZER,
    RECOGNIZER_ONNX,
)
from faceline.exported.runtime import OnnxEmbedder, OnnxLandmarkPredictor, open_session
from faceline.landmarks.net.predictor import LandmarkPredictor
from faceline.models.model_file import model_hash
from faceline.recognition.embedding.embedder import Embedder

PARITY_BATCHES = (1, 2, 7)
MIN_COSINE = 0.9999
MAX_POINT_PX = 0.05
MAX_NET_DIFFERENCE = 1e-4
_ONLY_FOR_TRAINING = {"people", "loss"}
_SOLVE = torch.ops.aten.linalg_solve.default


@dataclass(frozen=True)
class Exported:
    """One file and how far its answers lie from PyTorch's.

    Attributes:
        measure: `max_point_px`, `min_cosine` or `max_difference`.
    """

    file: str
    measure: str
    value: float


class BytesGraph(nn.Module):
    """RGB bytes to what `answer` makes of a net's output."""

    mean: Tensor
    std: Tensor

    def __init__(self, net: nn.Module, metadata: Mapping, answer: Callable[..., tuple], scale: float = 1) -> None:
        """`scale`: brings the metadata's mean and std to those of bytes."""
        super().__init__()
        self.net = net
        self._answer = answer
        for name in ("mean", "std"):
            self.register_buffer(name, scale * torch.tensor(metadata[name]).view(1, 3, 1, 1))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return self._answer(self.net((images.permute(0, 3, 1, 2).float() - self.mean) / self.std))


def export_all(models: Path, out: Path) -> list[Exported]:
    """Writes every model of `models` to `out`, and copies the calibration and the box map when there are any.

    Raises:
        InputError: a model is missing.
        FacelineError: an exported model does not answer as PyTorch does.
    """
    out.mkdir(parents=True, exist_ok=True)
    exported = [
        export_hourglass(models / HOURGLASS, out / HOURGLASS_ONNX),
        export_recognizer(models / RECOGNIZER, out / RECOGNIZER_ONNX),
        *export_mtcnn(out),
    ]
    for name in (CALIBRATION, BOX_MAP):
        if (models / name).is_file():
            with replacing(out / name) as temporary:
                shutil.copyfile(models / name, temporary)
    return exported


def export_hourglass(model: Path, out: Path) -> Exported:
    """Writes the landmark net with its decoder and checks its points."""
    predictor = LandmarkPredictor.load(model)
    pixels = _patterns(predictor.input_px)
    decode = predictor.codec.decode
    graph = BytesGraph(predictor.net, predictor.metadata, lambda heatmaps: decode(heatmaps[-1]), scale=255)
    _write(out, graph.eval(), pixels, ["points", "scores"], {"model": model_hash(model), **predictor.metadata})
    onnx_predictor = OnnxLandmarkPredictor(out)
    batches = [pixels[:count] for count in PARITY_BATCHES]
    differences = [predictor.predict_pixels(batch)[0] - onnx_predictor.predict_pixels(batch)[0] for batch in batches]
    worst = max(float(np.linalg.norm(difference, axis=-1).max()) for difference in differences)
    return _checked(Exported(out.name, "max_point_px", worst), worst <= MAX_POINT_PX)


def export_recognizer(model: Path, out: Path) -> Exported:
    """Writes the recogniser without its head and checks its embeddings."""
    embedder = Embedder.load(model, torch.device("cpu"))
    tiles = _patterns(embedder.input_px)
    metadata = {key: value for key, value in embedder.metadata.items() if key not in _ONLY_FOR_TRAINING}
    # raw embeddings as well as unit ones: those are averaged with a mirror image's
    graph = BytesGraph(embedder.net, embedder.metadata, lambda raw: (functional.normalize(raw), raw))
    _write(out, graph.eval(), tiles, ["embeddings", "raw"], {"model": model_hash(model), **metadata})
    onnx_embedder = OnnxEmbedder(out)
    worst = 1.0
    for count, flip in product(PARITY_BATCHES, (False, True)):
        expected, found = (one.embed(tiles[:count], flip=flip) for one in (embedder, onnx_embedder))
        worst = min(worst, float((expected * found).sum(axis=1).min()))
    return _checked(Exported(out.name, "min_cosine", worst), worst > MIN_COSINE)


def export_mtcnn(out: Path) -> list[Exported]:
    """Writes the detector's three nets; their input is normalised already: (n, 3, h, w), (RGB - 127.5) / 128."""
    exported = []
    for name, net in load_nets().items():
        side, outputs = {"pnet": (64, 2), "rnet": (24, 2), "onet": (48, 3)}[name]
        path = out / MTCNN_ONNX[name]
        pixels = _patterns(side).transpose(0, 3, 1, 2).astype(np.float32) / 128 - 1
        sides = {2: torch.export.Dim.DYNAMIC, 3: torch.export.Dim.DYNAMIC} if name == "pnet" else {}
        _write(path, net, pixels, [f"out{i}" for i in range(outputs)], {"kind": f"mtcnn_{name}"}, sides)
        session = open_session(path, f"mtcnn_{name}")[0]
        worst = 0.0
        shapes = [(count, side) for count in PARITY_BATCHES] + ([(1, 37)] if name == "pnet" else [])
        for count, px in shapes:
            batch = np.ascontiguousarray(pixels[:count, :, :px, :])
            with torch.inference_mode():
                expected = [value.numpy() for value in net(torch.from_numpy(batch))]
            found = session.run(None, {"images": batch})
            worst = max(worst, *(float(np.abs(a - b).max()) for a, b in zip(expected, found, strict=True)))
        exported.append(_checked(Exported(path.name, "max_difference", worst), worst <= MAX_NET_DIFFERENCE))
    return exported


def _write(
    path: Path,
    graph: nn.Module,
    example: np.ndarray,
    outputs: list[str],
    metadata: Mapping,
    dynamic: Mapping | None = None,
) -> None:
    """Traces, translates and writes one graph, its batch dimension dynamic."""
    sizes = {0: torch.export.Dim("batch"), **(dynamic or {})}
    quiet = logging.getLogger("torch.onnx")
    level = quiet.level
    quiet.setLevel(logging.ERROR)
    try:
        # the exporter talks on stdout, where the tool's answers go
        with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr), torch.no_grad():
            warnings.simplefilter("ignore")
            program = torch.export.export(graph, (torch.from_numpy(example[:2]),), dynamic_shapes=(sizes,))
            if any(node.target is _SOLVE for node in program.graph.nodes):
                program = program.run_decompositions(torch.export.default_decompositions() | {_SOLVE: _eliminate})
            translated = torch.onnx.export(
                program, input_names=["images"], output_names=outputs, dynamo=True, verbose=False
            )
    finally:
        quiet.setLevel(level)
    assert translated is not None  # as it is only of the older exporter
    proto = translated.model_proto
    onnx.helper.set_model_props(proto, {key: json.dumps(value, sort_keys=True) for key, value in metadata.items()})
    onnx.checker.check_model(proto)
    with replacing(path) as temporary:
        onnx.save(proto, temporary)


def _eliminate(matrix: Tensor, right: Tensor, *, left: bool = True) -> Tensor:
    """Solves (n, k, k) positive definite systems for (n, k) right sides by elimination, unrolled.

    It takes the place of PyTorch's solver for the decoder's 4 x 4 systems: ONNX has none.
    """
    size = matrix.shape[-1]
    rows = [[matrix[:, i, j] for j in range(size)] + [right[:, i]] for i in range(size)]
    for pivot in range(size):
        for lower in range(pivot + 1, size):
            factor = rows[lower][pivot] / rows[pivot][pivot]
            rows[lower] = [a - factor * b for a, b in zip(rows[lower], rows[pivot], strict=True)]
    solution: list[Tensor] = []
    for row in reversed(range(size)):
        known = sum((rows[row][size - 1 - i] * x for i, x in enumerate(solution)), torch.zeros_like(rows[row][size]))
        solution.append((rows[row][size] - known) / rows[row][row])
    return torch.stack(solution[::-1], dim=-1)


def _patterns(side: int) -> np.ndarray:
    """Smooth random colour patterns, (largest batch, side, side, 3) uint8: something to compare answers on."""
    count = max(PARITY_BATCHES)
    rng = np.random.default_rng(0)
    waves = rng.normal(size=(count, 6, 3))
    frequency = rng.uniform(0.5, 6, size=(count, 6, 2)) * 2 * np.pi / side
    y, x = np.mgrid[:side, :side]
    phase = frequency[..., 0, None, None] * x + frequency[..., 1, None, None] * y
    pattern = np.einsum("nwc,nwyx->nyxc", waves, np.sin(phase))
    return np.clip(127 + 45 * pattern, 0, 255).astype(np.uint8)


def _checked(exported: Exported, agrees: bool) -> Exported:
    if not agrees:
        raise FacelineError(f"{exported.file}: answers unlike PyTorch: {exported.measure} {exported.value:.6f}")
    return exported
