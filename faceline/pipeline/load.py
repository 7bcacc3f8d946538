"""Loads what a run of the tool needs: detector and models, on PyTorch or on ONNX Runtime."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from faceline.core.errors import InputError
from faceline.detection.detectors_old import Detector, MtcnnDetector, YunetDetector, read_boxes
from faceline.pipeline.face_pipeline import STEPS, FaceEmbedder, FacePipeline, Landmarker, default_align
from faceline.pipeline.setup import Setup

HOURGLASS = "hourglass.safetensors"
RECOGNIZER = "recognizer.safetensors"
CALIBRATION = "calibration.json"

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loaded:
    """A pipeline and what its recogniser is.

    Attributes:
        model: SHA-256 of the recogniser; empty when the steps asked for need none.
        dim: numbers in an embedding; 0 likewise.
        landmarker: the landmark net; None when the steps asked for need none.
    """

    pipeline: FacePipeline
    landmarker: Landmarker | None = None
    model: str = ""
    dim: int = 0


def load(setup: Setup, last: str) -> Loaded:
    """Loads what the steps up to `last` of `face_pipeline.STEPS` need, and nothing else.

    Raises:
        InputError: a file is missing or of another kind, or choices that do not go together.
    """
    landmarker = embedder = None
    model, dim, size_px = "", 0, 112
    if STEPS.index(last) >= STEPS.index("landmarks"):
        landmarker = _landmarker(setup)
        _warn_if_drawn(landmarker.drawn, setup, "landmark net")
    if last == "embed":
        embedder, model = _embedder(setup)
        dim = int(embedder.facts["config"]["embedding_dim"])
        size_px = int(embedder.facts["align"]["size_px"])
        _warn_if_drawn(embedder.drawn, setup, "recogniser")
    pipeline = FacePipeline(load_detector(setup), landmarker, embedder, default_align(size_px))
    return Loaded(pipeline, landmarker, model, dim)


def load_detector(setup: Setup) -> Detector:
    """The detector alone.

    Raises:
        InputError: its file is not given or cannot be read.
    """
    if setup.detector == "boxes":
        if setup.boxes is None:
            raise InputError("--detector boxes: name the file of boxes with --boxes FILE")
        return read_boxes(setup.boxes)
    score = {} if setup.min_score is None else {"min_score": setup.min_score}
    if setup.detector == "yunet":
        if setup.yunet is None:
            raise InputError("--detector yunet: name YuNet's ONNX file with --yunet FILE")
        return YunetDetector(setup.yunet, setup.max_photo_px, min_face_px=setup.min_face_px, **score)
    if setup.runtime == "onnx":
        from faceline.pipeline.onnx_runtime import onnx_nets

        nets = onnx_nets(setup.models)
    else:
        from faceline.detectors.mtcnn_torch import torch_nets

        nets = torch_nets(_torch_device(setup.device))
    return MtcnnDetector(nets, setup.min_face_px, setup.max_photo_px, **score)


def usable_landmarker(setup: Setup) -> bool:
    """Whether there is a landmark net that was trained on photos."""
    try:
        return not _landmarker(setup).drawn
    except InputError:
        return False


def _landmarker(setup: Setup) -> Landmarker:
    if setup.runtime == "onnx":
        from faceline.pipeline.onnx_runtime import LANDMARKER_FILE, OnnxLandmarker

        return OnnxLandmarker(setup.models / LANDMARKER_FILE)
    from faceline.landmarks.net.predictor import LandmarkPredictor

    return LandmarkPredictor.load(setup.models / HOURGLASS, _torch_device(setup.device))


def _embedder(setup: Setup) -> tuple[FaceEmbedder, str]:
    """The recogniser and its file's SHA-256."""
    if setup.runtime == "onnx":
        from faceline.pipeline.onnx_runtime import EMBEDDER_FILE, OnnxEmbedder

        embedder = OnnxEmbedder(setup.models / EMBEDDER_FILE)
        return embedder, embedder.model
    from faceline.models.model_file import model_hash
    from faceline.recognition.embedding.embedder import Embedder

    path = setup.models / RECOGNIZER
    return Embedder.load(path, _torch_device(setup.device)), model_hash(path)


def _torch_device(name: str) -> object:
    import torch

    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise InputError("--device cuda: torch sees no GPU; use auto or cpu")
    return torch.device("cuda" if available and name != "cpu" else "cpu")


def _warn_if_drawn(drawn: bool, setup: Setup, what: str) -> None:
    if drawn:
        _LOG.warning(
            "%s: the %s was trained on drawn faces; its answers on photos of people mean nothing", setup.models, what
        )
