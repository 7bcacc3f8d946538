"""Parameters of the alignment."""

from typing import Annotated, ClassVar

from pydantic import Field

from faceline.core.params import Above0, Group, JpegQuality, NonNegative


class AlignParams(Group):
    key: ClassVar[str] = "align"
    size_px: Annotated[int, Field(ge=32, le=512)]
    min_eye_distance_px: NonNegative
    max_template_error: Above0
    jpeg_quality: JpegQuality
