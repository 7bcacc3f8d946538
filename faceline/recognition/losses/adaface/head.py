"""AdaFace: a margin that follows the embedding's norm, which stands for photo quality."""

import math

import torch
from torch import Tensor

from faceline.recognition.heads.base import mean_over_processes
from faceline.recognition.heads.cosine import CosineHead, angle
from faceline.recognition.losses.adaface.params import Params

_NORM_RANGE = (1e-3, 100.0)
_SPREAD_EPSILON = 1e-3


class AdaFace(CosineHead):
    """cos(theta - m q) - (m q + m), q the norm's z-score times `norm_concentration`, clipped to +-1.

    Clear photos are held to a cosine margin, poor ones are not insisted upon (Kim et al., CVPR 2022, equations 12
    to 15). Mean and spread of the norms are running averages; they start at the first batch's own figures, not at
    fixed ones, so that the margin is the paper's within a short training too.
    """

    params: Params
    norm_mean: Tensor
    norm_spread: Tensor
    started: Tensor

    def __init__(self, people: int, embedding_dim: int, params: Params) -> None:
        super().__init__(people, embedding_dim, params)
        self.register_buffer("norm_mean", torch.tensor(0.0))
        self.register_buffer("norm_spread", torch.tensor(1.0))
        self.register_buffer("started", torch.tensor(False))

    def with_margin(self, cosine: Tensor, embeddings: Tensor) -> Tensor:
        norms = embeddings.detach().norm(dim=1).clamp(*_NORM_RANGE)
        if self.training:
            self._follow(norms)
        quality = (norms - self.norm_mean) / (self.norm_spread + _SPREAD_EPSILON)
        quality = (quality * self.params.norm_concentration).clamp(-1, 1)
        margin = self.margin_factor * self.params.margin
        widened = (angle(cosine) - margin * quality).clamp(0, math.pi)
        return torch.cos(widened) - margin * (1 + quality)

    def _follow(self, norms: Tensor) -> None:
        mean = mean_over_processes(norms.mean())
        variance = mean_over_processes(((norms - mean) ** 2).mean())
        for average, value in ((self.norm_mean, mean), (self.norm_spread, variance.sqrt())):
            value = value.to(average.dtype)
            average.copy_(torch.where(self.started, torch.lerp(average, value, self.params.norm_momentum), value))
        self.started.fill_(True)


HEAD = AdaFace
