"""The exported models run by ONNX Runtime, behind the same calls as PyTorch's; nothing here imports torch."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from faceline.core.errors import InputError
from faceline.detectors.mtcnn import MtcnnNets, Net
from faceline.imaging.images import at_size
from faceline.landmarks.net.base import HOURGLASS, PointPredictor

HOURGLASS_ONNX = "hourglass.onnx"
RECOGNIZER_ONNX = "recognizer.onnx"
MTCNN_FILES = {"pnet": "mtcnn_pnet.onnx", "rnet": "mtcnn_rnet.onnx", "onet": "mtcnn_onet.onnx"}
_PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")


class OnnxLandmarkPredictor(PointPredictor):
    """The landmark net run by ONNX Runtime."""

    def __init__(self, path: Path) -> None:
        self._session, metadata = open_session(path, HOURGLASS)
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
        self.input_px = int(self.metadata["input_px"])
        self.synthetic = bool(self.metadata["synthetic"])
        self.model = str(self.metadata["model"])

    def embed(self, images: Sequence[np.ndarray], flip: bool, batch_size: int = 64) -> np.ndarray:
        """(n, dim) float32 unit embeddings of aligned faces; with `flip` the mean with the mirror image's."""
        parts = [self._embed(images[start : start + batch_size], flip) for start in range(0, len(images), batch_size)]
        return np.concatenate(parts)

    def _embed(self, images: Sequence[np.ndarray], flip: bool) -> np.ndarray:
        tiles = np.stack([at_size(image, self.input_px) for image in images])
        (vectors,) = self._session.run(["raw"], {"images": tiles})
        if flip:
            vectors = vectors + self._session.run(["raw"], {"images": np.ascontiguousarray(tiles[:, :, ::-1])})[0]
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def onnx_nets(folder: Path) -> MtcnnNets:
    """The detector's nets from their exported files."""
    return MtcnnNets(**{name: _net(folder / file, f"mtcnn_{name}") for name, file in MTCNN_FILES.items()})


def _net(path: Path, kind: str) -> Net:
    session, _ = open_session(path, kind)
    return lambda batch: tuple(session.run(None, {"images": batch}))


def open_session(path: Path, kind: str) -> tuple[onnxruntime.InferenceSession, dict]:
    """Opens an exported model and reads its metadata.

    Raises:
        InputError: it is missing, not an ONNX file, or not one that faceline exported as `kind`.
    """
    if not path.is_file():
        raise InputError(
            f"{path}: no such model; `faceline export-onnx {path.parent}` writes it from the trained ones"
        )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    providers = [name for name in _PROVIDERS if name in onnxruntime.get_available_providers()]
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # its many exceptions share no public base
        raise InputError(f"{path}: ONNX Runtime cannot read it ({error})") from None
    metadata = session.get_modelmeta().custom_metadata_map
    found = json.loads(metadata.get("kind", "null"))
    if found != kind:
        raise InputError(f"{path}: expected a {kind} that faceline exported, found {found or 'another model'}")
    return session, {key: json.loads(value) for key, value in metadata.items()}
