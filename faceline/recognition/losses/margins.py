"""Losses with one fixed margin for everybody: on the angle, on the cosine, or as a factor of the angle."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from faceline.core.params import ArcFaceParams, CosFaceParams, SphereFaceParams, SubCenterArcFaceParams
from faceline.recognition.heads.base import CosineHead, angle


class ArcFace(CosineHead):
    """Additive angular margin: cos(theta + m) (Deng et al., CVPR 2019, equation 3)."""

    def __init__(self, people: int, embedding_dim: int, params: ArcFaceParams) -> None:
        super().__init__(people, embedding_dim, params.scale)
        self.margin_rad = params.margin_rad

    def with_margin(self, cosine: Tensor, embeddings: Tensor) -> Tensor:
        return add_angle(cosine, self.margin_factor * self.margin_rad)


class SubCenterArcFace(CosineHead):
    """ArcFace with several centres per person, of which the nearest counts (Deng et al., ECCV 2020, equation 2).

    Mislabelled and odd photos gather round a centre of their own instead of pulling at the person's.
    """

    def __init__(self, people: int, embedding_dim: int, params: SubCenterArcFaceParams) -> None:
        super().__init__(people, embedding_dim, params.scale, params.centers)
        self.margin_rad = params.margin_rad

    def with_margin(self, cosine: Tensor, embeddings: Tensor) -> Tensor:
        return add_angle(cosine, self.margin_factor * self.margin_rad)


class CosFace(CosineHead):
    """Additive cosine margin: cos(theta) - m (Wang et al., CVPR 2018, equation 4)."""

    def __init__(self, people: int, embedding_dim: int, params: CosFaceParams) -> None:
        super().__init__(people, embedding_dim, params.scale)
        self.margin_cos = params.margin_cos

    def with_margin(self, cosine: Tensor, embeddings: Tensor) -> Tensor:
        return cosine - self.margin_factor * self.margin_cos


class SphereFace(CosineHead):
    """Multiplicative angular margin: cos(m theta) (Liu et al., CVPR 2017), with normalised embeddings.

    Where m theta passes pi the paper's psi goes on falling: (-1)^k cos(m theta) - 2k, k = floor(m theta / pi).
    It holds for real m as well; 1.35 is what ArcFace's authors found to train without annealing.
    """

    def __init__(self, people: int, embedding_dim: int, params: SphereFaceParams) -> None:
        super().__init__(people, embedding_dim, params.scale)
        self.angle_factor = params.margin_factor

    def with_margin(self, cosine: Tensor, embeddings: Tensor) -> Tensor:
        widened = (1 + self.margin_factor * (self.angle_factor - 1)) * angle(cosine)
        turns = torch.floor(widened.detach() / math.pi)
        return (1 - 2 * (turns % 2)) * torch.cos(widened) - 2 * turns


def add_angle(cosine: Tensor, margin_rad: float) -> Tensor:
    """cos(theta + m) up to theta = pi - m, and cos(theta) - m sin(m) beyond: it falls over the whole range.

    Without the second branch a face beyond pi - m would be pushed further from its person.
    """
    widened = angle(cosine) + margin_rad
    return torch.where(widened <= math.pi, torch.cos(widened), cosine - margin_rad * math.sin(margin_rad))
