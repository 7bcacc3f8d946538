"""ArcFace: an additive angular margin."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from torch import Tensor

from faceline.core.params import Above0, Group
from faceline.recognition.heads.cosine import CosineHead, add_angle


class Params(Group):
    scale: Above0
    margin_rad: Annotated[float, Field(ge=0, lt=3.1416)]


class ArcFace(CosineHead):
    """cos(theta + m) (Deng et al., CVPR 2019, equation 3)."""

    def __init__(self, people: int, embedding_dim: int, params: Params) -> None:
        super().__init__(people, embedding_dim, params.scale)
        self.margin_rad = params.margin_rad

    def with_margin(self, cosine: Tensor, embeddings: Tensor) -> Tensor:
        return add_angle(cosine, self.margin_factor * self.margin_rad)


HEAD = ArcFace
