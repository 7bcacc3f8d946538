"""The cosine head that the margin losses are made of, and the additive angular margin."""

import math
from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn import functional as F

from faceline.recognition.heads.base import Head, LossOutput, drawn_for_whole_batch, in_full_precision
from faceline.recognition.heads.context import Context
from faceline.recognition.heads.share import Share, SharedOwnEntries, SharedTargetCrossEntropy, WholeBatch


class CosineParams(Protocol):
    """What every cosine head has among its loss's parameters."""

    @property
    def scale(self) -> float: ...


class AngularMarginParams(CosineParams, Protocol):
    @property
    def margin_rad(self) -> float: ...


class CosineHead(Head):
    """Cross entropy over scaled cosines between embeddings and one weight per person, with a margin.

    A subclass says what the margin does to the target's cosine (`with_margin`) and, if need be, to the others
    (`adjust_others`). With several centres a person, the weight holds everybody's first centre, then everybody's
    second, and so on. Everything is computed in float32 at least, under autocast too: scaled by 64, bfloat16's
    steps in a cosine would be as large as the margin.

    Attributes:
        share: the people whose rows this process holds; None where it holds all. With a share, the loss and its
            statistics are those of the photos of all processes, and the same on each.
    """

    can_be_shared: ClassVar[bool] = True
    share: Share | None = None
    params: CosineParams

    def __init__(self, people: int, embedding_dim: int, params: CosineParams, centers: int = 1) -> None:
        """Takes `scale` from a loss's parameters, which subclasses find under `params`."""
        super().__init__()
        self.params = params
        self.people = people
        self.scale = params.scale
        self.centers = centers
        self.weight = nn.Parameter(torch.empty(people * centers, embedding_dim))
        # rows of length 1: of much shorter ones AdamW, whose steps have one size, would turn the angles at random
        nn.init.normal_(self.weight, std=embedding_dim**-0.5)

    def forward(self, embeddings: Tensor, labels: Tensor) -> LossOutput:
        with torch.autocast(embeddings.device.type, enabled=False):
            rows = embeddings = in_full_precision(embeddings)
            own_entries: type[Function]
            cross_entropy: type[Function]
            shared: tuple[Share, ...]
            if self.share is None:
                own_entries, cross_entropy, shared = OwnEntries, TargetCrossEntropy, ()
            else:
                own_entries, cross_entropy, shared = SharedOwnEntries, SharedTargetCrossEntropy, (self.share,)
                rows, embeddings = WholeBatch.apply(embeddings, self.share)
                labels = self.share.whole(labels)
            logits, own = own_entries.apply(self._scaled_cosines(rows), labels, *shared)
            cosine = own / self.scale
            target = self.with_margin(cosine, embeddings)
            logits = self.adjust_others(logits, cosine, target)
            loss = cross_entropy.apply(logits, self.scale * target, labels, *shared)
            return LossOutput(loss, {"target_angle_rad": angle(cosine.detach()).mean()})

    def predict(self, embeddings: Tensor) -> Tensor:
        with torch.autocast(embeddings.device.type, enabled=False):
            return self._scaled_cosines(in_full_precision(embeddings))

    @torch.no_grad()
    def start_at(self, means: Tensor) -> None:
        rows = means.repeat(self.centers, 1)
        self.weight.copy_(rows if self.share is None else self.share.of(rows))

    def keep_share(self, process: int, processes: int) -> None:
        """Keeps the rows of this process's people and lets the others go; `predict` then knows no other people."""
        self.share = Share(self.people, process, processes)
        self.weight = nn.Parameter(self.share.of(self.weight.detach()))

    @abstractmethod
    def with_margin(self, cosine: Tensor, embeddings: Tensor) -> Tensor:
        """(n,) what stands in for each target's cosine, itself (n,); embeddings are (n, dim), raw."""

    def drawn(self, draw: Callable[[int], Tensor], photos: int) -> Tensor:
        """(photos, ...) random numbers for the photos that `with_margin` is given; see `drawn_for_whole_batch`."""
        return drawn_for_whole_batch(draw, photos) if self.share is None else draw(photos)

    def adjust_others(self, logits: Tensor, cosine: Tensor, target: Tensor) -> Tensor:
        """The (n, people) scaled cosines with whatever a loss does to impostors; the targets' are ignored."""
        return logits

    def _scaled_cosines(self, embeddings: Tensor) -> Tensor:
        """(n, people), with each person's nearest centre; the scale goes onto the small factor of the product."""
        unit = self.scale * F.normalize(embeddings)
        logits = F.linear(unit, UnitRows.apply(in_full_precision(self.weight)))
        if self.centers > 1:
            logits = logits.unflatten(1, (self.centers, -1)).max(dim=1).values
        return logits


class AngularMarginHead(CosineHead):
    """A cosine head with one additive angular margin, the parameter `margin_rad`: cos(theta + m)."""

    params: AngularMarginParams

    def with_margin(self, cosine: Tensor, embeddings: Tensor) -> Tensor:
        return add_angle(cosine, self.margin_factor * self.params.margin_rad)


def angle(cosine: Tensor) -> Tensor:
    """The angle of a cosine, rad, with a finite slope everywhere."""
    epsilon = 1e-6  # how far from +-1 a cosine is kept, where acos has an infinite slope; 1.4 mrad
    return torch.acos(cosine.clamp(-1 + epsilon, 1 - epsilon))


def add_angle(cosine: Tensor, margin_rad: float | Tensor) -> Tensor:
    """cos(theta + m) up to theta = pi - m, and cos(theta) - m sin(m) beyond: it falls over the whole range.

    Without the second branch a face beyond pi - m would be pushed further from its person.

    Args:
        cosine: (n,).
        margin_rad: one margin, or (n,) of them.
    """
    widened = angle(cosine) + margin_rad
    sine = torch.sin(margin_rad) if isinstance(margin_rad, Tensor) else math.sin(margin_rad)
    return torch.where(widened <= math.pi, torch.cos(widened), cosine - margin_rad * sine)


# With thousands of people the head's matrices are larger than the caches, and a step's time is the number of times
# that they are walked over. Autograd's own way through `normalize`, `gather` and `scatter` does so twice as often as
# it must: these pieces have their gradients written out. They overwrite the gradients that they are given, and logits
# that nothing else keeps, because new memory of that size costs about as much as a walk.


class UnitRows(Function):
    """Rows over their norms: d/dw of w / |w| is (g - u (u . g)) / |w|, u the unit row."""

    @staticmethod
    def forward(ctx: Context, rows: Tensor) -> Tensor:
        norms = rows.norm(dim=1, keepdim=True).clamp_(min=1e-12)
        unit = rows / norms
        ctx.save_for_backward(unit, norms)
        return unit

    @staticmethod
    def backward(ctx: Context, gradient: Tensor) -> Tensor:
        unit, norms = ctx.saved_tensors
        along = torch.linalg.vecdot(gradient, unit)[:, None]
        return gradient.addcmul_(unit, along, value=-1).div_(norms)


class OwnEntries(Function):
    """Takes (n, people) logits and (n,) labels; gives the logits again and, as (n,), each row's own entry.

    The entries' gradient is put into the logits' where it belongs, not into a matrix of zeros to be added.
    """

    @staticmethod
    def forward(ctx: Context, logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(labels)
        return logits.view_as(logits), logits.gather(1, labels[:, None])[:, 0]

    @staticmethod
    def backward(ctx: Context, gradient: Tensor, own: Tensor) -> tuple[Tensor, None]:
        (labels,) = ctx.saved_tensors
        return gradient.scatter_add_(1, labels[:, None], own[:, None]), None


class TargetCrossEntropy(Function):
    """Mean cross entropy of logits in which each row's own entry is replaced by another value, for good.

    Takes (n, people) logits, (n,) target logits to put in, (n,) labels. The gradient is softmax less one-hot:
    what falls on the replaced entry belongs to the target, and nothing to the logit that stood there.
    """

    @staticmethod
    def forward(ctx: Context, logits: Tensor, target: Tensor, labels: Tensor) -> Tensor:
        column = labels[:, None]
        log_probabilities = logits.scatter_(1, column, target[:, None]).log_softmax(dim=1)
        ctx.save_for_backward(log_probabilities, labels)
        return -log_probabilities.gather(1, column).mean()

    @staticmethod
    def backward(ctx: Context, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        log_probabilities, labels = ctx.saved_tensors
        column = labels[:, None]
        share = gradient / len(labels)
        shares = log_probabilities.exp().mul_(share)
        own = shares.gather(1, column)[:, 0] - share
        return shares.scatter_(1, column, 0), own, None
