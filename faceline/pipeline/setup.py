"""What the user of the tool chose."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Setup:
    """Models, detector and their settings.

    Attributes:
        models: folder of the models; for `onnx` the one that `export-onnx` wrote.
        runtime: `torch` or `onnx`; the second never imports torch.
        detector: one of `detection.registry.detector_names()`, or `boxes`.
        detector_model: the detector's model file, or `none` where it brings its own.
        boxes: file of boxes, for `boxes`.
        min_face_px: smallest face looked for, photo px.
        max_photo_px: longer photos are scaled down to this side for detection.
        min_score: detections below are dropped; None is the detector's own value.
        device: `auto`, `cpu` or `cuda`, for torch.
    """

    models: Path = Path("models")
    runtime: str = "torch"
    detector: str = "mtcnn"
    detector_model: str = "none"
    boxes: Path | None = None
    min_face_px: float = 40.0
    max_photo_px: int = 1024
    min_score: float | None = None
    device: str = "auto"
