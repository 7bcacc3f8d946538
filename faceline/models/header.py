"""What a model file says of its net, checked by schemas; nothing here imports torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError

from faceline.core.errors import InputError

# strict, so that neither text nor true stands for a number
InputPx = Annotated[int, Field(ge=8, le=1024, strict=True)]
Level = Annotated[float, Field(ge=-1e4, le=1e4, strict=True)]
Spread = Annotated[float, Field(gt=0, le=1e4, strict=True)]
Point = tuple[Level, Level]
COLOUR_ORDER = "RGB"


class Header(BaseModel):
    """What every model file says of its net; `config` is its kind's own. `mean` and `std` are of RGB."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    colour_order: Literal["RGB"]
    input_px: InputPx
    mean: tuple[Level, Level, Level]
    std: tuple[Spread, Spread, Spread]
    synthetic: StrictBool


def check_header(header: type[BaseModel], metadata: Mapping, path: Path, hint: str) -> None:
    """Checks metadata by a pydantic model.

    Args:
        hint: how the file at `path` is made anew.

    Raises:
        InputError: a key is missing or wrong; the first is named.
    """
    try:
        header.model_validate(metadata)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise InputError(f"{path}: its metadata: {key}: {first['msg'][:300]}; {hint}") from None
