"""Parameters of embedding."""

from __future__ import annotations

from typing import ClassVar

from faceline.core.params import Group


class EmbeddingParams(Group):
    key: ClassVar[str] = "embedding"
    flip: bool
