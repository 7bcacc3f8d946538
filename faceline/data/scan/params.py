"""Parameters of the scan: where the data set lies."""

from typing import ClassVar

from faceline.core.params import Count, Group


class DataParams(Group):
    key: ClassVar[str] = "data"
    identity: str
    attributes: str
    boxes: str
    landmarks: str
    images: str
    max_unreadable: Count
