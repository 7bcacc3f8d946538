"""Parameters of the landmark set."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator, ConfigDict

from faceline.core.params import Group
from faceline.landmarks.sets.sources import SOURCES


def check_source(name: str) -> str:
    if name not in SOURCES:
        raise ValueError(f"no such form of landmark set; there are {', '.join(SOURCES)}")
    return name


class LandmarkSetParams(Group):
    """The set's part of the group `landmarks`; the rest is the training's."""

    model_config = ConfigDict(extra="ignore")
    key: ClassVar[str] = "landmarks"
    source: Annotated[str, AfterValidator(check_source)]
