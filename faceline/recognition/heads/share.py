"""A cosine head spread over the training processes: each holds the rows of its share of the people.

Every process sees the photos of the whole batch and computes their cosines with its own people. What a softmax needs
of the others' goes through sums and maxima over the processes: a number a photo, not a number a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
import torch.distributed as dist
from torch import Tensor
from torch.autograd import Function

from faceline.recognition.heads.context import Context


@dataclass(frozen=True)
class Share:
    """The people whose rows one of several processes holds.

    Rows of heads, and what optimisers keep of them, hold everybody's first centre, then everybody's second.
    """

    people: int
    process: int
    processes: int

    def bounds(self, process: int) -> tuple[int, int]:
        """The first person of a process, and the first of the next; shares differ by one person at most."""
        return self.people * process // self.processes, self.people * (process + 1) // self.processes

    def of(self, rows: Tensor) -> Tensor:
        """This process's rows, a copy, of (centres x people, ...)."""
        start, stop = self.bounds(self.process)
        return rows.unflatten(0, (-1, self.people))[:, start:stop].flatten(0, 1).clone()

    def gather(self, rows: Tensor) -> Tensor | None:
        """The (centres x people, ...) rows of all processes on the first one's CPU, None on the others.

        To be called by all; they are sent one process after the other, so that no device holds more than two shares.
        """
        if self.process:
            dist.send(rows.contiguous(), 0)
            return None
        own = rows.unflatten(0, (-1, self.bounds(0)[1]))
        parts = [own.cpu()]
        for process in range(1, self.processes):
            start, stop = self.bounds(process)
            part = own.new_empty(len(own), stop - start, *own.shape[2:])
            dist.recv(part, process)
            parts.append(part.cpu())
        return torch.cat(parts, 1).flatten(0, 1)

    def columns(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """(n,) which column of this process's logits is each photo's own, 0 where none is; and whether one is."""
        start, stop = self.bounds(self.process)
        held = (labels >= start) & (labels < stop)
        return torch.where(held, labels - start, 0), held

    def whole(self, rows: Tensor) -> Tensor:
        """(n x processes, ...) the rows of all processes, in the order in which the trainer deals out a batch."""
        parts = [torch.empty_like(rows) for _ in range(self.processes)]
        dist.all_gather(parts, rows.contiguous())
        return torch.stack(parts, 1).flatten(0, 1)


class SharingContext(Protocol):
    """What autograd hands to the two directions of `WholeBatch`."""

    share: Share

    def set_materialize_grads(self, value: bool) -> None: ...


class WholeBatch(Function):
    """The embeddings of all processes twice: for what each computes of its own people, and for what all do alike.

    The first's gradients are summed over the processes; of the second's each takes its own photos'. Both are
    multiplied by the number of processes, because the net's gradients are the mean over them.
    """

    @staticmethod
    def forward(ctx: SharingContext, embeddings: Tensor, share: Share) -> tuple[Tensor, Tensor]:
        ctx.share = share
        ctx.set_materialize_grads(False)
        whole = share.whole(embeddings)
        return whole, whole.clone()

    @staticmethod
    def backward(ctx: SharingContext, partial: Tensor, alike: Tensor | None) -> tuple[Tensor, None]:
        partial = partial.clone()
        dist.all_reduce(partial)
        if alike is not None:
            partial += alike
        return partial[ctx.share.process :: ctx.share.processes] * ctx.share.processes, None


class SharedOwnEntries(Function):
    """(n, people of this process) logits again, and each photo's own entry, (n,), from whoever holds it."""

    @staticmethod
    def forward(ctx: Context, logits: Tensor, labels: Tensor, share: Share) -> tuple[Tensor, Tensor]:
        columns, held = share.columns(labels)
        ctx.save_for_backward(columns, held)
        own = logits.gather(1, columns[:, None])[:, 0] * held
        dist.all_reduce(own)
        return logits.view_as(logits), own

    @staticmethod
    def backward(ctx: Context, gradient: Tensor, own: Tensor) -> tuple[Tensor, None, None]:
        columns, held = ctx.saved_tensors
        return gradient.scatter_add_(1, columns[:, None], (own * held)[:, None]), None, None


class SharedTargetCrossEntropy(Function):
    """`TargetCrossEntropy` over the logits of all processes; target (n,) and the loss are the same on each."""

    @staticmethod
    def forward(ctx: Context, logits: Tensor, target: Tensor, labels: Tensor, share: Share) -> Tensor:
        columns, held = share.columns(labels)
        columns = columns[:, None]
        replaced = logits.scatter(1, columns, torch.where(held[:, None], target[:, None], logits.gather(1, columns)))
        highest = replaced.amax(dim=1)
        dist.all_reduce(highest, dist.ReduceOp.MAX)
        exponentials = replaced.sub_(highest[:, None]).exp_()
        total = exponentials.sum(dim=1)
        dist.all_reduce(total)
        log_total = total.log() + highest
        ctx.save_for_backward(exponentials, total, columns, held, target - log_total)
        return (log_total - target).mean()

    @staticmethod
    def backward(ctx: Context, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:
        exponentials, total, columns, held, log_probability = ctx.saved_tensors
        each = gradient / len(total)
        shares = exponentials * (each / total)[:, None]
        others = torch.where(held[:, None], 0, shares.gather(1, columns))
        return shares.scatter_(1, columns, others), (log_probability.exp() - 1) * each, None, None
