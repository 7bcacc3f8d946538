"""A recogniser from the field behind the calls that faceline's own recogniser has; nothing here imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx

from faceline.alignment.geometry.template import template
from faceline.core.errors import InputError
from faceline.field.cache import file_hash, model_path
from faceline.field.facts import RecognizerFacts
from faceline.field.onnx_file import open_onnx, read_onnx
from faceline.imaging.images import at_size
from faceline.imaging.parallel import ordered_map


class FieldEmbedder:
    """A recogniser run by ONNX Runtime as its facts say, a face at a time and several at once.

    On a CPU faces in batches were not faster, and many files take one face only.

    Attributes:
        facts: what is known of it.
        model: SHA-256 of its file, which ties galleries and calibrations to it.
        input_px: side of the aligned faces it takes; others are brought to it.
        metadata: `config` and `align` as faceline's own model files have them.
        synthetic: False: it has seen real faces.
    """

    synthetic = False

    def __init__(self, facts: RecognizerFacts) -> None:
        """Raises:
        InputError: the file is missing, another one, no ONNX file, or not what the facts say.
        """
        path = model_path(facts)
        self.facts = facts
        self.model = facts.sha256 or file_hash(path)
        self.input_px = facts.input_px
        self.metadata = {
            "config": {"embedding_dim": facts.embedding_dim},
            "align": {"size_px": facts.input_px, "template": template(facts.input_px).tolist()},
        }
        net = read_onnx(path)
        self._input, self._output = _checked(net, facts, path)
        self._session = open_onnx(net, path)
        self._mean = np.float32(np.reshape(facts.mean, (-1, 1, 1)))
        self._scale = np.float32(np.reshape(facts.scale, (-1, 1, 1)))
        grey = np.full((facts.input_px, facts.input_px, 3), 127, np.uint8)
        try:
            found = self._raw(grey).shape
        except Exception as error:  # the runtime's exceptions share no public base
            raise InputError(f"{path}: ONNX Runtime cannot run it ({' '.join(str(error).split())[:300]})") from None
        if found != (1, facts.embedding_dim):
            raise InputError(
                f"{path}: gives {found} for one face, its facts say embedding_dim: {facts.embedding_dim}"
            )

    def embed(self, images: Sequence[np.ndarray], flip: bool, batch_size: int = 64) -> np.ndarray:
        """(n, dim) float32 unit embeddings of aligned RGB uint8 faces; with `flip` the mean with the mirror image's.

        `batch_size` changes nothing here.
        """
        vectors = np.concatenate(list(ordered_map(lambda image: self._one(image, flip), images)))
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)

    def _one(self, image: np.ndarray, flip: bool) -> np.ndarray:
        tile = at_size(image, self.input_px)
        return self._raw(tile) + self._raw(tile[:, ::-1]) if flip else self._raw(tile)

    def _raw(self, tile: np.ndarray) -> np.ndarray:
        """(1, dim) what the net says of one (px, px, 3) tile."""
        planes = (tile if self.facts.colour_order == "RGB" else tile[:, :, ::-1]).transpose(2, 0, 1)
        pixels = np.ascontiguousarray((planes.astype(np.float32) - self._mean) * self._scale)
        return self._session.run([self._output], {self._input: pixels[None]})[0]


def _checked(net: onnx.ModelProto, facts: RecognizerFacts, path: Path) -> tuple[str, str]:
    """The names of its input and its output."""
    inputs, outputs = net.graph.input, net.graph.output
    if len(inputs) != 1 or len(outputs) != 1:
        raise InputError(f"{path}: {len(inputs)} inputs and {len(outputs)} outputs; a recogniser has one of each")
    shape = [size.dim_value for size in inputs[0].type.tensor_type.shape.dim]  # 0 where it may be anything
    wanted = [1, 3, facts.input_px, facts.input_px]
    if len(shape) != 4 or any(size not in (0, want) for size, want in zip(shape, wanted, strict=True)):
        raise InputError(
            f"{path}: takes {shape} (batch, planes, height, width; 0 for any), its facts say {wanted}: "
            "check input_px, or export it so that it takes one face"
        )
    if inputs[0].type.tensor_type.elem_type != onnx.TensorProto.FLOAT:
        raise InputError(f"{path}: takes other numbers than float32; export it so that it takes those")
    return inputs[0].name, outputs[0].name
