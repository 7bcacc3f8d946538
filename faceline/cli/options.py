"""Options that the verbs share, and how their values reach a verb."""

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from faceline.pipeline.setup import Setup

Photos = Annotated[list[str], typer.Argument(metavar="PHOTO...", help="Photos, folders or glob patterns.")]
GalleryAddress = Annotated[
    str,
    typer.Option(
        "--gallery", metavar="DB", help="The gallery: one private SQLite file, or qdrant://HOST/COLLECTION."
    ),
]
Draw = Annotated[
    Path | None,
    typer.Option("--draw", metavar="OUT", help="Draw what was found: a .jpg or .png for one photo, else a folder."),
]
Lines = Annotated[
    bool, typer.Option("--jsonl", help="One line of JSON for each photo or person instead of one document.")
]

Fpir = Annotated[
    float | None,
    typer.Option(
        metavar="RATE", help="Share of strangers who may be given a name; by default 0.01 if supported, else 0.1."
    ),
]
Threshold = Annotated[float | None, typer.Option(min=-1, max=1, metavar="COS", help="Instead of the calibration's.")]
Search = Annotated[
    Literal["mean", "nearest"],
    typer.Option(help="What a face is compared with: the mean of a person's photos, or the nearest of them."),
]


def with_setup(verb: Callable[..., None]) -> Callable[..., None]:
    """Gives a verb the fields of `Setup` as options; it receives them as its parameter `setup`."""
    own = inspect.signature(verb, eval_str=True).parameters
    shared = inspect.signature(Setup).parameters

    @wraps(verb)
    def command(**values: Any) -> None:  # as typer makes them, by the annotations below
        setup = Setup(**{name: values.pop(name) for name in shared})
        verb(**values, setup=setup)

    both = [parameter for parameter in (*own.values(), *shared.values()) if parameter.name != "setup"]
    both = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in both]
    command.__dict__["__signature__"] = inspect.Signature(both)
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in both}
    del command.__wrapped__  # its signature would be taken instead
    return command
