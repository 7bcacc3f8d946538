"""Parameters of the landmark set."""

from typing import Annotated, ClassVar

from pydantic import ConfigDict

from faceline.core.params import Group, OneOf
from faceline.landmarks.sets.sources import SOURCES

SourceName = Annotated[str, OneOf(SOURCES)]


class LandmarkSetParams(Group):
    """The set's part of the group `landmarks`; the rest is the training's."""

    model_config = ConfigDict(extra="ignore")
    key: ClassVar[str] = "landmarks"
    source: SourceName
