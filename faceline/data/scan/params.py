"""Parameters of the data set: where it lies, and what its files do not say of themselves."""

from typing import Annotated, ClassVar

from pydantic import Field

from faceline.core.params import Count, Group


class DataParams(Group):
    """The group `data`.

    Attributes:
        source, licence: what the photos are, and what may be done with them; None: not stated.
        labels_by: who made the boxes and points, for the page and the card: no form of annotation files has a place
            for it. A program goes by its name, so that a detector is not judged by what it made itself.
    """

    key: ClassVar[str] = "data"
    source: Annotated[str, Field(min_length=1)] | None = None
    licence: Annotated[str, Field(min_length=1)] | None = None
    identity: str
    attributes: str
    boxes: str
    landmarks: str
    images: str
    labels_by: Annotated[str, Field(min_length=1)]
    max_unreadable: Count
