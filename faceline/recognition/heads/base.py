"""What all losses share: one signature, the batches that a loss needs, and arithmetic in full precision."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar, NamedTuple

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from faceline.core.errors import InputError


class LossOutput(NamedTuple):
    """A scalar loss with its gradient, and detached scalars worth logging, by name.

    Statistics: `target_angle_rad` (mean angle between an embedding and its person's weight), `active_share`
    (triplets that still have a loss), `mean_distance` (mean pairwise cosine distance).
    """

    loss: Tensor
    statistics: dict[str, Tensor]


class Head(nn.Module, ABC):
    """A loss over raw embeddings, with whatever weights it needs.

    A subclass takes (people, embedding_dim, params); weights are drawn from torch's seed.

    Attributes:
        can_be_shared: its rows can be spread over processes (`CosineHead.keep_share`).
        margin_factor: 0..1, the part of the margin that is in force; training grows it in the first epochs.
    """

    can_be_shared: ClassVar[bool] = False
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

    def start_at(self, means: Tensor) -> None:
        """Sets the weights to the people's mean embeddings.

        Args:
            means: (people, dim), of unit norm.

        Raises:
            InputError: the loss has no weights for people.
        """
        raise InputError(
            "recognition.head_start: means sets a row for each person, and the loss has none; use random"
        )

    def check(self, statistics: Mapping[str, float]) -> None:
        """Looks at the statistics of a step, some steps later.

        Raises:
            FacelineError: going on is of no use.
        """

    def photos_per_step(self, batch_size: int) -> int:
        """How many photos a step takes when `batch_size` are asked for."""
        return batch_size

    def batches(
        self, labels: np.ndarray, batch_size: int, rng: np.random.Generator, order: np.ndarray | None = None
    ) -> list[np.ndarray]:
        """Positions in `labels`, an array for each step of an epoch; here every photo at most once, in random order.

        A last, smaller batch is left out unless it is the only one: a handful of photos would give BatchNorm
        statistics of nothing in particular.

        Args:
            order: in which photos come where they are streamed from disk.

        Raises:
            InputError: batches of people that a loss chooses are asked for of streamed photos.
        """
        order = rng.permutation(len(labels)) if order is None else order
        stop = max(1, len(labels) // batch_size) * batch_size
        return [order[start : start + batch_size] for start in range(0, stop, batch_size)]


def in_full_precision(tensor: Tensor) -> Tensor:
    """float32, or float64 where it was that already."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def process_count() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def drawn_for_whole_batch(draw: Callable[[int], Tensor], photos: int) -> Tensor:
    """(photos, ...) random numbers of this process's share, drawn for the photos of all processes.

    Each process draws all of them, from generators in the same state, and keeps the rows that the trainer deals out
    to it: every process_count()-th from its own number on. How many processes share a batch changes nothing of it.

    Args:
        draw: makes (n, ...) numbers for n photos from torch's global generator.
        photos: of this process in this step.
    """
    count = process_count()
    return draw(photos * count)[dist.get_rank() :: count] if count > 1 else draw(photos)


def mean_over_processes(value: Tensor) -> Tensor:
    """The mean of a detached tensor over all training processes: a batch counts whole, however it is dealt out."""
    if process_count() == 1:
        return value
    value = value.detach().clone()
    dist.all_reduce(value)
    return value / process_count()
