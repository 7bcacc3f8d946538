"""AdaFace's parameters."""

from typing import Annotated

from pydantic import Field

from faceline.core.params import Above0, Group, NonNegative


class Params(Group):
    scale: Above0
    margin: NonNegative
    norm_concentration: Above0
    norm_momentum: Annotated[float, Field(gt=0, le=1)]
