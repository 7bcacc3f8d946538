"""The pieces of the cosine head with their gradients written out.

With thousands of people the head's matrices are larger than the caches, and a step's time is the number of times
that they are walked over. Autograd's own way through `normalize`, `gather` and `scatter` does so twice as often as
it must.
"""

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import FunctionCtx

_MIN_NORM = 1e-12


class UnitRows(Function):
    """Rows over their norms: d/dw of w / |w| is (g - u (u . g)) / |w|, u the unit row."""

    @staticmethod
    def forward(ctx: FunctionCtx, rows: Tensor) -> Tensor:
        norms = rows.norm(dim=1, keepdim=True).clamp_(min=_MIN_NORM)
        unit = rows / norms
        ctx.save_for_backward(unit, norms)
        return unit

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> Tensor:
        unit, norms = ctx.saved_tensors
        along = torch.linalg.vecdot(gradient, unit)[:, None]
        return torch.addcmul(gradient, unit, along, value=-1).div_(norms)


class OwnEntries(Function):
    """Takes (n, people) logits and (n,) labels; gives the logits again and, as (n,), each row's own entry.

    The entries' gradient is put into the logits' where it belongs, not into a matrix of zeros to be added.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(labels)
        return logits.view_as(logits), logits.gather(1, labels[:, None])[:, 0]

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor, own: Tensor) -> tuple[Tensor, None]:
        (labels,) = ctx.saved_tensors
        return gradient.scatter_add_(1, labels[:, None], own[:, None]), None


class TargetCrossEntropy(Function):
    """Mean cross entropy of logits in which each row's own entry is replaced by another value.

    Takes (n, people) logits, (n,) target logits to put in, (n,) labels. The gradient is softmax less one-hot:
    what falls on the replaced entry belongs to the target, and nothing to the logit that stood there.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, logits: Tensor, target: Tensor, labels: Tensor) -> Tensor:
        column = labels[:, None]
        log_probabilities = logits.scatter(1, column, target[:, None]).log_softmax(dim=1)
        ctx.save_for_backward(log_probabilities, labels)
        return -log_probabilities.gather(1, column).mean()

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        log_probabilities, labels = ctx.saved_tensors
        column = labels[:, None]
        share = gradient / len(labels)
        shares = log_probabilities.exp().mul_(share)
        own = shares.gather(1, column)[:, 0] - share
        return shares.scatter_(1, column, 0), own, None


class NearestCenter(Function):
    """(n, centers, people) logits to each person's largest, (n, people); the first of equals gets the gradient."""

    @staticmethod
    def forward(ctx: FunctionCtx, logits: Tensor) -> Tensor:
        largest = logits[:, 0].clone()
        winner = torch.zeros_like(largest, dtype=torch.uint8)
        for center in range(1, logits.shape[1]):
            rival = logits[:, center]
            winner.masked_fill_(rival > largest, center)
            torch.maximum(largest, rival, out=largest)
        ctx.save_for_backward(winner)
        ctx.centers = logits.shape[1]
        return largest

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> Tensor:
        (winner,) = ctx.saved_tensors
        out = gradient.new_empty(len(gradient), ctx.centers, gradient.shape[1])
        for center in range(ctx.centers):
            torch.mul(gradient, winner == center, out=out[:, center])
        return out
