"""What a training does otherwise where the head's rows are spread over processes: clipping, and states made whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from faceline.recognition.heads.cosine import CosineHead
from faceline.recognition.net.embedding_net import Recognizer

WEIGHT = "head.weight"


class SharedHead:
    """The spread head of a recogniser in training: its rows in the weights, in their average and in the optimiser.

    States are as `state_dict` gives them. Whole ones are the same as without sharing, so that any number of processes
    can go on from them.
    """

    def __init__(self, recognizer: Recognizer, optimizer: torch.optim.Optimizer) -> None:
        """Also keeps DistributedDataParallel, which is to wrap the recogniser later, from averaging the rows."""
        head = recognizer.head
        assert isinstance(head, CosineHead)  # no other can be spread
        assert head.share is not None
        self._weight, self._share = head.weight, head.share
        self._others = [value for value in recognizer.parameters() if value is not self._weight]
        optimised = [value for group in optimizer.param_groups for value in group["params"]]
        self._index = next(i for i, value in enumerate(optimised) if value is self._weight)
        DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(recognizer, [WEIGHT])

    def clip(self, norm: float) -> Tensor:
        """Shortens the gradients of all processes together to `norm` at most; returns how long they were."""
        gradient = self._weight.grad
        assert gradient is not None  # every step's loss goes through the rows
        rows = get_total_norm([gradient]) ** 2
        dist.all_reduce(rows)
        total = (get_total_norm([value.grad for value in self._others if value.grad is not None]) ** 2 + rows).sqrt()
        clip_grads_with_norm_([*self._others, self._weight], norm, total)
        return total

    def gather(self, rows: Tensor) -> Tensor | None:
        """Everybody's rows out of each process's, on the first process; see `Share.gather`."""
        return self._share.gather(rows)

    def whole(self, states: Mapping[str, dict]) -> dict[str, dict]:
        """States with everybody's rows, on the first process; to be called by all, and worth nothing on others."""
        return self._converted(states, self._share.gather)

    def part(self, states: Mapping[str, dict]) -> dict[str, dict]:
        """Whole states with the rows of this process only."""
        return self._converted(states, self._share.of)

    def _converted(self, states: Mapping[str, dict], convert: Callable[[Tensor], Tensor | None]) -> dict[str, dict]:
        recognizer, ema, optimizer = states["recognizer"], states["ema"], states["optimizer"]
        moments = {
            name: convert(value) if value.ndim else value
            for name, value in optimizer["state"].get(self._index, {}).items()
        }
        averaged = ema["averaged"] | {WEIGHT: convert(ema["averaged"][WEIGHT])}
        return {
            "recognizer": recognizer | {WEIGHT: convert(recognizer[WEIGHT])},
            "ema": ema | {"averaged": averaged},
            "optimizer": optimizer | {"state": optimizer["state"] | {self._index: moments}},
        }
