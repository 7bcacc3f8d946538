"""What the user of the tool chose, each an option of the verbs that use models."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from faceline.detection.registry import detector_names

_model_option = partial(typer.Option, rich_help_panel="Models")
_detection_option = partial(typer.Option, rich_help_panel="Detection")

ModelsFolder = Annotated[
    Path, _model_option("--models", metavar="DIR", envvar="FACELINE_MODELS", help="Folder of the models.")
]


@dataclass(frozen=True)
class Setup:
    """Models, detector and their settings; the options' help says what each field means, sizes in photo px."""

    models: ModelsFolder = Path("models")
    runtime: Annotated[
        Literal["torch", "onnx"], _model_option(help="onnx: models of export-onnx, without PyTorch.")
    ] = "torch"
    device: Annotated[Literal["auto", "cpu", "cuda"], _model_option(help="For torch.")] = "auto"
    detector: Annotated[Literal[*detector_names(), "boxes"], _detection_option(help="Who finds the faces.")] = "mtcnn"
    detector_model: Annotated[
        str, _detection_option(metavar="FILE", help="The detector's model; mtcnn brings its own.")
    ] = "none"
    boxes: Annotated[
        Path | None,
        _detection_option(
            metavar="FILE", help="Known boxes: detect's JSON, a .csv (image, x, y, width, height), or CelebA's list."
        ),
    ] = None
    min_face_px: Annotated[
        float, _detection_option("--min-face", min=12, metavar="PX", help="Smallest face looked for.")
    ] = 40
    max_photo_px: Annotated[
        int,
        _detection_option(
            "--max-photo", min=64, metavar="PX", help="Longer photos are scaled down to this to detect."
        ),
    ] = 1024
    min_score: Annotated[
        float | None, _detection_option(min=0, max=1, help="Drop detections below; each detector has its own.")
    ] = None
