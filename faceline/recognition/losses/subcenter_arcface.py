"""Sub-center ArcFace: several centres per person, of which the nearest counts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from torch import Tensor

from faceline.core.params import Above0, Group, Positive
from faceline.recognition.heads.cosine import CosineHead, add_angle


class Params(Group):
    scale: Above0
    margin_rad: Annotated[float, Field(ge=0, lt=3.1416)]
    centers: Positive


class SubCenterArcFace(CosineHead):
    """ArcFace with the nearest of K centres (Deng et al., ECCV 2020, equation 2).

    Mislabelled and odd photos gather round a centre of their own instead of pulling at the person's.
    """

    def __init__(self, people: int, embedding_dim: int, params: Params) -> None:
        super().__init__(people, embedding_dim, params.scale, params.centers)
        self.margin_rad = params.margin_rad

    def with_margin(self, cosine: Tensor, embeddings: Tensor) -> Tensor:
        return add_angle(cosine, self.margin_factor * self.margin_rad)


HEAD = SubCenterArcFace
