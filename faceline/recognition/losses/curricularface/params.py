"""CurricularFace's parameters."""

from typing import Annotated

from pydantic import Field

from faceline.core.params import Above0, Group
from faceline.recognition.heads.params import MarginRad


class Params(Group):
    scale: Above0
    margin_rad: MarginRad
    momentum: Annotated[float, Field(gt=0, le=1)]
