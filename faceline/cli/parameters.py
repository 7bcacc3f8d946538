"""The verb that writes the parameter file."""

from pathlib import Path
from typing import Annotated

import typer


def params(
    variant: Annotated[str, typer.Argument(help="A file of the folder params, such as sample or celeba-small.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write them.")] = Path("params.yaml"),
) -> None:
    """The parameters of a variant, merged into params/base.yaml, with every key, unit and comment.

    \b
    faceline params celeba-small
    """
    from faceline.pipeline.variants import write_variant

    write_variant(variant, out)
