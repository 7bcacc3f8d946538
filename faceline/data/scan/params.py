"""Parameters of the scan: where the data set lies."""

from typing import Annotated, ClassVar

from pydantic import Field

from faceline.core.params import Count, Group


class DataParams(Group):
    key: ClassVar[str] = "data"
    source: Annotated[str, Field(min_length=1)] | None = None
    licence: Annotated[str, Field(min_length=1)] | None = None
    identity: str
    attributes: str
    boxes: str
    landmarks: str
    images: str
    max_unreadable: Count
