"""Options that the verbs share, and how their values reach a verb."""

import inspect
from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Annotated

import typer

from faceline.detection.registry import detector_names
from faceline.pipeline.setup import Setup


class Runtime(StrEnum):
    torch = "torch"
    onnx = "onnx"


DetectorName = StrEnum("DetectorName", [*detector_names(), "boxes"])


class Device(StrEnum):
    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


MODELS = "Models"
DETECTION = "Detection"

Photos = Annotated[list[str], typer.Argument(metavar="PHOTO...", help="Photos, folders or glob patterns.")]
GalleryPath = Annotated[Path, typer.Option("--gallery", metavar="DB", help="The gallery: one private SQLite file.")]
Draw = Annotated[
    Path | None,
    typer.Option("--draw", metavar="OUT", help="Draw what was found: a .jpg or .png for one photo, else a folder."),
]
ModelsFolder = Annotated[
    Path,
    typer.Option(
        "--models", metavar="DIR", envvar="FACELINE_MODELS", help="Folder of the models.", rich_help_panel=MODELS
    ),
]


def _setup(
    models: ModelsFolder = Path("models"),
    runtime: Annotated[
        Runtime, typer.Option(help="onnx: models of export-onnx, without PyTorch.", rich_help_panel=MODELS)
    ] = Runtime.torch,
    device: Annotated[Device, typer.Option(help="For torch.", rich_help_panel=MODELS)] = Device.auto,
    detector: Annotated[
        DetectorName, typer.Option(help="Who finds the faces.", rich_help_panel=DETECTION)
    ] = DetectorName.mtcnn,
    detector_model: Annotated[
        str,
        typer.Option(metavar="FILE", help="The detector's model; mtcnn brings its own.", rich_help_panel=DETECTION),
    ] = "none",
    boxes: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Known boxes: detect's JSON, a .csv (image, x, y, width, height), or CelebA's list.",
            rich_help_panel=DETECTION,
        ),
    ] = None,
    min_face: Annotated[
        float, typer.Option(min=12, metavar="PX", help="Smallest face looked for.", rich_help_panel=DETECTION)
    ] = 40,
    max_photo: Annotated[
        int,
        typer.Option(
            min=64, metavar="PX", help="Longer photos are scaled down to this to detect.", rich_help_panel=DETECTION
        ),
    ] = 1024,
    min_score: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Drop detections below; each detector has its own.", rich_help_panel=DETECTION
        ),
    ] = None,
) -> Setup:
    return Setup(
        models=models,
        runtime=runtime.value,
        detector=detector.value,
        detector_model=detector_model,
        boxes=boxes,
        min_face_px=min_face,
        max_photo_px=max_photo,
        min_score=min_score,
        device=device.value,
    )


def with_setup(verb: Callable[..., None]) -> Callable[..., None]:
    """Gives a verb the options of `_setup`; it receives them as its parameter `setup`."""
    shared = inspect.signature(_setup, eval_str=True).parameters
    own = inspect.signature(verb, eval_str=True).parameters

    @wraps(verb)
    def command(**values: object) -> None:
        chosen = {name: values.pop(name) for name in shared}
        verb(**values, setup=_setup(**chosen))

    merged = [parameter for name, parameter in own.items() if name != "setup"]
    merged += [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in shared.values()]
    merged = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in merged]
    command.__signature__ = inspect.Signature(merged)
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in merged}
    del command.__wrapped__  # its signature would be taken instead
    return command
