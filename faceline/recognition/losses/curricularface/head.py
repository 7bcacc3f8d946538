"""CurricularFace: ArcFace in which hard impostors count more as training goes on."""

from typing import Protocol

import torch
from torch import Tensor
from torch.autograd import Function

from faceline.recognition.heads.base import mean_over_processes
from faceline.recognition.heads.context import Context
from faceline.recognition.heads.cosine import AngularMarginHead
from faceline.recognition.losses.curricularface.params import Params


class CurricularFace(AngularMarginHead):
    """An impostor whose cosine c exceeds the target's (margin included) counts as c (t + c).

    t is the running mean of the target cosines (Huang et al., CVPR 2020, equations 7 and 10): hard impostors count
    little at first, more than their cosine once t nears 1. `margin_factor` blends that in as well, so that 0 is
    plain normalised cross entropy.
    """

    params: Params
    progress: Tensor

    def __init__(self, people: int, embedding_dim: int, params: Params) -> None:
        super().__init__(people, embedding_dim, params)
        self.register_buffer("progress", torch.tensor(0.0))

    def adjust_others(self, logits: Tensor, cosine: Tensor, target: Tensor) -> Tensor:
        if self.training:
            mean = mean_over_processes(cosine.detach().mean()).to(self.progress.dtype)
            self.progress.lerp_(mean, self.params.momentum)
        threshold = self.scale * target.detach()
        # a copy of the running mean: the step's gradient must see the value that the step was computed with
        return HardNegatives.apply(logits, threshold, self.progress.clone(), self.scale, self.margin_factor)


class _Context(Context, Protocol):
    slope: float


class HardNegatives(Function):
    """c -> c (t + c) where the cosine c exceeds a row's threshold, on logits = scale x c, blended by a factor.

    Takes (n, people) logits, (n,) thresholds on them, the scalar tensor t, the scale, and the blend in 0..1. Neither
    thresholds nor t receive a gradient: CurricularFace takes both as given.
    """

    @staticmethod
    def forward(ctx: _Context, logits: Tensor, threshold: Tensor, t: Tensor, scale: float, blend: float) -> Tensor:
        hard = logits > threshold[:, None]
        constant = 1 + blend * (t - 1)
        ctx.save_for_backward(logits, hard, constant)
        ctx.slope = blend / scale
        weighed = (logits * constant).addcmul_(logits, logits, value=ctx.slope)
        return torch.where(hard, weighed, logits, out=weighed)

    @staticmethod
    def backward(ctx: _Context, gradient: Tensor) -> tuple[Tensor, None, None, None, None]:
        logits, hard, constant = ctx.saved_tensors
        factor = torch.add(constant, logits, alpha=2 * ctx.slope).mul_(gradient)
        return torch.where(hard, factor, gradient, out=gradient), None, None, None, None


HEAD = CurricularFace
