"""The exported models run by ONNX Runtime, behind the same calls as PyTorch's; nothing here imports torch."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import onnxruntime
from pydantic import BaseModel, ConfigDict, Field

from faceline.core.errors import InputError
from faceline.core.files import check_file
from faceline.detectors.mtcnn import MtcnnNets, Net
from faceline.exported.folder import MTCNN_ONNX
from faceline.imaging.images import at_size
from faceline.landmarks.net.base import HOURGLASS, PointPredictor
from faceline.models.header import InputPx, check_header

MAX_FILE_BYTES = 2**34
_EXPORT_AGAIN = "export the models again"
_PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")


class _Net(BaseModel):
    """What every exported net says of itself; what a landmark net says besides is checked by `PointPredictor`."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)
    input_px: InputPx
    synthetic: bool


class _Config(BaseModel):
    model_config = ConfigDict(strict=True)
    embedding_dim: Annotated[int, Field(ge=2, le=4096)]


class _Align(BaseModel):
    model_config = ConfigDict(strict=True)
    size_px: InputPx


class _Recognizer(_Net):
    config: _Config
    align: _Align
    model: Annotated[str, Field(min_length=1)]


class OnnxLandmarkPredictor(PointPredictor):
    """The landmark net run by ONNX Runtime."""

    def __init__(self, path: Path) -> None:
        self._session, metadata = open_session(path, HOURGLASS)
        check_header(_Net, metadata, path, _EXPORT_AGAIN)
        super().__init__(path, metadata)

    def predict_pixels(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        points, scores = self._session.run(None, {"images": pixels})
        return points, scores


class OnnxEmbedder:
    """`Embedder` on ONNX Runtime.

    Attributes:
        input_px, synthetic, metadata: as there.
        model: SHA-256 of the model file that was exported, so that galleries fit both.
    """

    def __init__(self, path: Path) -> None:
        self._session, self.metadata = open_session(path, "recognizer")
        check_header(_Recognizer, self.metadata, path, _EXPORT_AGAIN)
        dim = self._session.get_outputs()[0].shape[-1]
        if isinstance(dim, int) and dim != self.metadata["config"]["embedding_dim"]:
            raise InputError(f"{path}: gives {dim} numbers a face, not its metadata's config.embedding_dim")
        self.input_px = int(self.metadata["input_px"])
        self.synthetic = bool(self.metadata["synthetic"])
        self.model = str(self.metadata["model"])

    def embed(self, images: np.ndarray | Sequence[np.ndarray], flip: bool, batch_size: int = 64) -> np.ndarray:
        """(n, dim) float32 unit embeddings of aligned faces; with `flip` the mean with the mirror image's."""
        parts = [self._embed(images[start : start + batch_size], flip) for start in range(0, len(images), batch_size)]
        return np.concatenate(parts)

    def _embed(self, images: np.ndarray | Sequence[np.ndarray], flip: bool) -> np.ndarray:
        tiles = np.stack([at_size(image, self.input_px) for image in images])
        (vectors,) = self._session.run(["raw"], {"images": tiles})
        if flip:
            vectors = vectors + self._session.run(["raw"], {"images": np.ascontiguousarray(tiles[:, :, ::-1])})[0]
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def onnx_nets(folder: Path) -> MtcnnNets:
    """The detector's nets from their exported files."""
    return MtcnnNets(**{name: _net(folder / file, f"mtcnn_{name}") for name, file in MTCNN_ONNX.items()})


def _net(path: Path, kind: str) -> Net:
    session, _ = open_session(path, kind)
    return lambda batch: tuple(session.run(None, {"images": batch}))


def open_session(path: Path, kind: str) -> tuple[onnxruntime.InferenceSession, dict]:
    """Opens an exported model and reads its metadata.

    Raises:
        InputError: it is missing, not an ONNX file, or not one that faceline exported as `kind`.
    """
    check_file(path, f"`faceline export-onnx {path.parent}` writes it from the trained models", MAX_FILE_BYTES)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    providers = [name for name in _PROVIDERS if name in onnxruntime.get_available_providers()]
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # its many exceptions share no public base
        raise InputError(f"{path}: ONNX Runtime cannot read it ({' '.join(str(error).split())[:300]})") from None
    texts = session.get_modelmeta().custom_metadata_map
    try:
        metadata = {key: json.loads(value) for key, value in texts.items()}
    except (ValueError, RecursionError):
        metadata = {}
    if metadata.get("kind") != kind:
        found = str(metadata.get("kind") or "another model")[:80]
        raise InputError(f"{path}: expected a {kind} that faceline exported, found {found}")
    return session, metadata
