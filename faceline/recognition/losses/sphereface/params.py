"""SphereFace's parameters."""

from typing import Annotated

from pydantic import Field

from faceline.core.params import Above0, Group


class Params(Group):
    scale: Above0
    margin_factor: Annotated[float, Field(ge=1)]
