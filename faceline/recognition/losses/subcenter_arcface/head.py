"""Sub-center ArcFace: several centres per person, of which the nearest counts."""

from typing import Protocol

import torch
from torch import Tensor
from torch.autograd import Function

from faceline.recognition.heads.context import Context
from faceline.recognition.heads.cosine import AngularMarginHead, row_blocks
from faceline.recognition.losses.subcenter_arcface.params import Params


class SubCenterArcFace(AngularMarginHead):
    """ArcFace with the nearest of several centres (Deng et al., ECCV 2020, equation 2).

    Mislabelled and odd photos gather round a centre of their own instead of pulling at the person's.
    """

    def __init__(self, people: int, embedding_dim: int, params: Params) -> None:
        super().__init__(people, embedding_dim, params, params.centers)

    def of_people(self, logits: Tensor) -> Tensor:
        return NearestCentre.apply(logits, self.centers) if self.centers > 1 else logits


class _Context(Context, Protocol):
    centers: int


class NearestCentre(Function):
    """(n, people) the largest of each person's logits, of (n, centres x people), everybody's first centre first.

    The first of several that are level gets the gradient, the others none. Autograd's own way keeps which one it is
    in 8 bytes a person and photo and walks over the whole matrix once more.
    """

    @staticmethod
    def forward(ctx: _Context, logits: Tensor, centers: int) -> Tensor:
        ctx.centers = centers
        largest = logits.new_empty(len(logits), logits.shape[1] // centers)
        which = torch.zeros_like(largest, dtype=torch.uint8)
        for rows, best, number in row_blocks(logits, largest, which):
            first, *others = rows.chunk(centers, dim=1)
            best.copy_(first)
            for centre, other in enumerate(others, start=1):
                number.masked_fill_(other > best, centre)
                torch.maximum(best, other, out=best)
        ctx.save_for_backward(which)
        return largest

    @staticmethod
    def backward(ctx: _Context, gradient: Tensor) -> tuple[Tensor, None]:
        (which,) = ctx.saved_tensors
        spread = gradient.new_empty(len(gradient), gradient.shape[1] * ctx.centers)
        for rows, own, number in row_blocks(spread, gradient, which):
            for centre, part in enumerate(rows.chunk(ctx.centers, dim=1)):
                torch.mul(own, number == centre, out=part)
        return spread, None


HEAD = SubCenterArcFace
