"""Parameters of the landmark set."""

from typing import ClassVar, Literal

from pydantic import ConfigDict

from faceline.core.params import Group
from faceline.landmarks.sets.sources import SOURCES

SourceName = Literal[*SOURCES]


class LandmarkSetParams(Group):
    """The set's part of the group `landmarks`; the rest is the training's."""

    model_config = ConfigDict(extra="ignore")
    key: ClassVar[str] = "landmarks"
    source: SourceName
