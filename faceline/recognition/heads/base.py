"""What all losses share: one signature, and the cosine head that the margin losses are made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional as F

from faceline.recognition.heads.kernels import NearestCenter, OwnEntries, TargetCrossEntropy, UnitRows

# how far from +-1 a cosine is kept before acos, whose slope there is infinite; 1.4 mrad
COSINE_EPSILON = 1e-6


class LossOutput(NamedTuple):
    """A scalar loss with its gradient, and detached scalars worth logging, by name.

    Statistics: `target_angle_rad` (mean angle between an embedding and its person's weight), `active_share`
    (triplets that still have a loss), `mean_distance` (mean pairwise cosine distance).
    """

    loss: Tensor
    statistics: dict[str, Tensor]


class Head(nn.Module, ABC):
    """A loss over raw embeddings, with whatever weights it needs.

    Attributes:
        margin_factor: 0..1, the part of the margin that is in force; training grows it in the first epochs.
    """

    margin_factor: float = 1.0

    @abstractmethod
    def forward(self, embeddings: Tensor, labels: Tensor) -> LossOutput:
        """The loss of a batch.

        Args:
            embeddings: (n, dim), of any norm and floating type; computed with at least float32.
            labels: (n,) int64 in 0..people-1.
        """

    @abstractmethod
    def predict(self, embeddings: Tensor) -> Tensor | None:
        """(n, people) scores without margin, the largest is the answer; None where a loss knows no people."""


class CosineHead(Head):
    """Cross entropy over scaled cosines between embeddings and one weight per person, with a margin.

    A subclass says what the margin does to the target's cosine (`with_margin`) and, if need be, to the others
    (`adjust_others`). With several centres a person, the weight holds everybody's first centre, then everybody's
    second, and so on. Everything is computed in float32 at least, under autocast too: scaled by 64, bfloat16's
    steps in a cosine would be as large as the margin.
    """

    def __init__(self, people: int, embedding_dim: int, scale: float, centers: int = 1) -> None:
        super().__init__()
        self.people = people
        self.scale = scale
        self.centers = centers
        self.weight = nn.Parameter(torch.empty(people * centers, embedding_dim))
        # rows of length 1: of much shorter ones AdamW, whose steps have one size, would turn the angles at random
        nn.init.normal_(self.weight, std=embedding_dim**-0.5)

    def forward(self, embeddings: Tensor, labels: Tensor) -> LossOutput:
        with torch.autocast(embeddings.device.type, enabled=False):
            embeddings = in_full_precision(embeddings)
            logits, own = OwnEntries.apply(self._scaled_cosines(embeddings), labels)
            cosine = own / self.scale
            target = self.with_margin(cosine, embeddings)
            logits = self.adjust_others(logits, cosine, target)
            loss = TargetCrossEntropy.apply(logits, self.scale * target, labels)
            return LossOutput(loss, {"target_angle_rad": angle(cosine.detach()).mean()})

    def predict(self, embeddings: Tensor) -> Tensor:
        with torch.autocast(embeddings.device.type, enabled=False):
            return self._scaled_cosines(in_full_precision(embeddings))

    @abstractmethod
    def with_margin(self, cosine: Tensor, embeddings: Tensor) -> Tensor:
        """(n,) what stands in for each target's cosine, itself (n,); embeddings are (n, dim), raw."""

    def adjust_others(self, logits: Tensor, cosine: Tensor, target: Tensor) -> Tensor:
        """The (n, people) scaled cosines with whatever a loss does to wrong people; the targets' are ignored."""
        return logits

    def _scaled_cosines(self, embeddings: Tensor) -> Tensor:
        """(n, people), with each person's nearest centre; the scale goes onto the small factor of the product."""
        unit = self.scale * F.normalize(embeddings)
        logits = F.linear(unit, UnitRows.apply(in_full_precision(self.weight)))
        if self.centers > 1:
            logits = NearestCenter.apply(logits.unflatten(1, (self.centers, self.people)))
        return logits


def in_full_precision(tensor: Tensor) -> Tensor:
    """float32, or float64 where it was that already."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def angle(cosine: Tensor) -> Tensor:
    """The angle of a cosine, rad, with a finite slope everywhere."""
    return torch.acos(cosine.clamp(-1 + COSINE_EPSILON, 1 - COSINE_EPSILON))


def mean_over_processes(value: Tensor) -> Tensor:
    """The mean of a detached tensor over all training processes: a batch counts whole, however it is dealt out."""
    if dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1:
        value = value.detach().clone()
        dist.all_reduce(value)
        value = value / dist.get_world_size()
    return value
