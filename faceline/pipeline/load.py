"""Loads what a run of the tool needs: detector and models, on PyTorch or on ONNX Runtime.

A recogniser from the field and YuNet need neither PyTorch nor a folder of models.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from faceline.core.errors import InputError
from faceline.detection import registry
from faceline.detection.detections import DetectorSettings, FaceFinder, read_box_map
from faceline.exported.folder import BOX_MAP, HOURGLASS, HOURGLASS_ONNX, RECOGNIZER, RECOGNIZER_ONNX
from faceline.field.facts import model_names, recognizer_facts
from faceline.landmarks.net.base import PointPredictor
from faceline.pipeline.face_pipeline import FaceEmbedder, FacePipeline, default_align
from faceline.pipeline.known_boxes import read_boxes
from faceline.pipeline.setup import Setup

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loaded:
    """A pipeline and what its recogniser is.

    Attributes:
        model: SHA-256 of the recogniser; empty when the steps asked for need none.
        dim: numbers in an embedding; 0 likewise.
    """

    pipeline: FacePipeline
    model: str = ""
    dim: int = 0


def load(setup: Setup, last: str) -> Loaded:
    """Loads what the steps up to `last` of `face_pipeline.STEPS` need, and nothing else.

    Raises:
        InputError: a file is missing or of another kind, or choices that do not go together.
    """
    predictor = embedder = None
    model, dim, size_px = "", 0, 112
    if last != "detect" and not setup.aligns_by_detector:
        predictor = _predictor(setup)
        _warn_of_synthetic(setup, predictor, "landmark net")
    if last == "embed":
        embedder, model = load_embedder(setup)
        dim = int(embedder.metadata["config"]["embedding_dim"])
        size_px = int(embedder.metadata["align"]["size_px"])
    pipeline = FacePipeline(load_detector(setup), predictor, embedder, default_align(size_px), setup.flips)
    return Loaded(pipeline, model, dim)


def load_embedder(setup: Setup) -> tuple[FaceEmbedder, str]:
    """The recogniser alone, for faces that come aligned, and its file's SHA-256.

    Raises:
        InputError: its file is missing or of another kind.
    """
    if setup.recognizer is not None:
        from faceline.field.embedder import FieldEmbedder

        field = FieldEmbedder(recognizer_facts(setup.recognizer))
        return field, field.model
    embedder, model = _embedder(setup)
    _warn_of_synthetic(setup, embedder, "recogniser")
    return embedder, model


def load_detector(setup: Setup) -> FaceFinder:
    """The detector alone, with the map of its boxes that was measured for it, where the models' folder holds one.

    Raises:
        InputError: its file is not given or cannot be read.
    """
    name = setup.detector_name
    if setup.boxes is not None and name != "boxes":
        raise InputError(f"--boxes {setup.boxes}: only --detector boxes takes known boxes; give both or neither")
    if name == "boxes":
        if setup.boxes is None:
            raise InputError("--detector boxes: name the file of boxes with --boxes FILE")
        return read_boxes(setup.boxes)
    without_torch = setup.runtime == "onnx" or name in model_names("detector")
    device = "cpu" if without_torch else str(_torch_device(setup.device))
    settings = DetectorSettings(setup.detector_model, setup.min_face_px, setup.max_photo_px, setup.min_score, device)
    if name == "mtcnn" and setup.runtime == "onnx":
        from faceline.detectors.mtcnn import Mtcnn
        from faceline.exported.runtime import onnx_nets

        detector: FaceFinder = Mtcnn(settings, onnx_nets(setup.models))
    else:
        detector = registry.load_detector(name, settings)
    path = setup.models / BOX_MAP
    if path.is_file():
        measured_for, box_map = read_box_map(path)
        detector.box_map = box_map if measured_for == detector.name else None
    return detector


def has_usable_predictor(setup: Setup) -> bool:
    """Whether there is a landmark net that was trained on photos."""
    try:
        return not _predictor(setup).synthetic
    except InputError:
        return False


def _warn_of_synthetic(setup: Setup, net: PointPredictor | FaceEmbedder, what: str) -> None:
    if net.synthetic:
        message = "%s: the %s was trained on synthetic faces; its answers on photos of people are worth nothing"
        log.warning(message, setup.models, what)


def _predictor(setup: Setup) -> PointPredictor:
    if setup.runtime == "onnx":
        from faceline.exported.runtime import OnnxLandmarkPredictor

        return OnnxLandmarkPredictor(setup.models / HOURGLASS_ONNX)
    from faceline.landmarks.net.predictor import LandmarkPredictor

    return LandmarkPredictor.load(setup.models / HOURGLASS, _torch_device(setup.device))


def _embedder(setup: Setup) -> tuple[FaceEmbedder, str]:
    """The recogniser and its file's SHA-256."""
    if setup.runtime == "onnx":
        from faceline.exported.runtime import OnnxEmbedder

        embedder = OnnxEmbedder(setup.models / RECOGNIZER_ONNX)
        return embedder, embedder.model
    from faceline.models.model_file import model_hash
    from faceline.recognition.embedding.embedder import Embedder

    path = setup.models / RECOGNIZER
    return Embedder.load(path, _torch_device(setup.device)), model_hash(path)


def _torch_device(name: str) -> torch.device:
    import torch

    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise InputError("--device cuda: torch sees no GPU; use auto or cpu")
    return torch.device("cuda" if available and name != "cpu" else "cpu")
