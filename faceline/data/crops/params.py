"""Parameters of the stored windows."""

from typing import Annotated, ClassVar

from pydantic import Field

from faceline.core.params import Group, JpegQuality


class CropParams(Group):
    key: ClassVar[str] = "crop"
    context: Annotated[float, Field(ge=0, le=2)]
    max_px: Annotated[int, Field(ge=32, le=2048)]
    jpeg_quality: JpegQuality
