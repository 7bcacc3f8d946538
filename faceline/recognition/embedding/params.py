"""Parameters of embedding."""

from typing import ClassVar

from faceline.core.params import Group


class EmbeddingParams(Group):
    key: ClassVar[str] = "embedding"
    flip: bool
