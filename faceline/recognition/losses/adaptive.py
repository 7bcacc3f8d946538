"""Losses whose margin or weights follow the photos: their quality (AdaFace), their hardness (CurricularFace)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from faceline.core.params import AdaFaceParams, CurricularFaceParams
from faceline.recognition.heads.base import CosineHead, angle, mean_over_processes
from faceline.recognition.heads.kernels import HardNegatives
from faceline.recognition.losses.margins import add_angle

_NORM_RANGE = (1e-3, 100.0)
_SPREAD_EPSILON = 1e-3


class AdaFace(CosineHead):
    """A margin that follows the embedding's norm, which stands for photo quality (Kim et al., CVPR 2022).

    With the norm's z-score times `norm_concentration` clipped to +-1 as q, the target becomes
    cos(theta - m q) - (m q + m): clear photos are held to a cosine margin, poor ones are not insisted upon
    (equations 12 to 15). Mean and spread of the norms are running averages; they start at the first batch's own
    figures, not at fixed ones, so that the margin means something within a short training.
    """

    def __init__(self, people: int, embedding_dim: int, params: AdaFaceParams) -> None:
        super().__init__(people, embedding_dim, params.scale)
        self.margin = params.margin
        self.concentration = params.norm_concentration
        self.momentum = params.norm_momentum
        self.register_buffer("norm_mean", torch.tensor(0.0))
        self.register_buffer("norm_spread", torch.tensor(1.0))
        self.register_buffer("started", torch.tensor(False))

    def with_margin(self, cosine: Tensor, embeddings: Tensor) -> Tensor:
        norms = embeddings.detach().norm(dim=1).clamp(*_NORM_RANGE)
        if self.training:
            self._follow(norms)
        quality = (norms - self.norm_mean) / (self.norm_spread + _SPREAD_EPSILON)
        quality = (quality * self.concentration).clamp(-1, 1)
        margin = self.margin_factor * self.margin
        widened = (angle(cosine) - margin * quality).clamp(0, math.pi)
        return torch.cos(widened) - margin * (1 + quality)

    def _follow(self, norms: Tensor) -> None:
        mean = mean_over_processes(norms.mean())
        variance = mean_over_processes(((norms - mean) ** 2).mean())
        for average, value in ((self.norm_mean, mean), (self.norm_spread, variance.sqrt())):
            value = value.to(average.dtype)
            average.copy_(torch.where(self.started, torch.lerp(average, value, self.momentum), value))
        self.started.fill_(True)


class CurricularFace(CosineHead):
    """ArcFace that minds hard wrong people more as training goes on (Huang et al., CVPR 2020).

    A wrong person whose cosine c exceeds the target's (margin included) counts as c (t + c), where t is the running
    mean of the target cosines (equations 7 and 10): little at first, more than itself once t nears 1.
    `margin_factor` blends that in as well, so that 0 is plain normalised cross entropy.
    """

    def __init__(self, people: int, embedding_dim: int, params: CurricularFaceParams) -> None:
        super().__init__(people, embedding_dim, params.scale)
        self.margin_rad = params.margin_rad
        self.momentum = params.momentum
        self.register_buffer("progress", torch.tensor(0.0))

    def with_margin(self, cosine: Tensor, embeddings: Tensor) -> Tensor:
        return add_angle(cosine, self.margin_factor * self.margin_rad)

    def adjust_others(self, logits: Tensor, cosine: Tensor, target: Tensor) -> Tensor:
        if self.training:
            mean = mean_over_processes(cosine.detach().mean()).to(self.progress.dtype)
            self.progress.lerp_(mean, self.momentum)
        threshold = self.scale * target.detach()
        # a copy of the running mean: the step's gradient must see the value that the step was computed with
        return HardNegatives.apply(logits, threshold, self.progress.clone(), self.scale, self.margin_factor)
