"""What the user of the tool chose, each an option of the verbs that use models."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from faceline.detection.registry import detector_names

_model_option = partial(typer.Option, rich_help_panel="Models")
_detection_option = partial(typer.Option, rich_help_panel="Detection")

ModelsFolder = Annotated[
    Path, _model_option("--models", metavar="DIR", envvar="FACELINE_MODELS", help="Folder of the models.")
]

if TYPE_CHECKING:
    DetectorName = str
else:  # typer shows and checks the names of those that are there
    DetectorName = Literal["auto", *detector_names(), "boxes"]


@dataclass(frozen=True)
class Setup:
    """Models, detector and their settings; the options' help says what each field means, sizes in photo px."""

    models: ModelsFolder = Path("models")
    recognizer: Annotated[
        str | None,
        _model_option(
            metavar="NAME|FILE.yaml",
            envvar="FACELINE_RECOGNIZER",
            help="A recogniser from the field, such as sface, instead of the folder's; its faces are aligned by the "
            "detector's own points.",
        ),
    ] = None
    runtime: Annotated[
        Literal["torch", "onnx"], _model_option(help="onnx: models of export-onnx, without PyTorch.")
    ] = "torch"
    device: Annotated[Literal["auto", "cpu", "cuda"], _model_option(help="For torch.")] = "auto"
    detector: Annotated[
        DetectorName, _detection_option(help="Who finds the faces; auto: yunet with --recognizer, else mtcnn.")
    ] = "auto"
    detector_model: Annotated[
        str, _detection_option(metavar="FILE", help="Another file of the detector's model than its own.")
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

    @property
    def detector_name(self) -> str:
        """The detector in use."""
        if self.detector != "auto":
            return self.detector
        return "mtcnn" if self.recognizer is None else "yunet"

    @property
    def aligns_by_detector(self) -> bool:
        """Whether the detector's own points align the faces: with a recogniser from the field, where it gives any."""
        return self.recognizer is not None and self.detector_name != "boxes"

    @property
    def flips(self) -> bool:
        """Whether a face's mirror image is embedded too: not for a recogniser from the field, as OpenCV does it."""
        return self.recognizer is None
