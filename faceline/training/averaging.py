"""The running average of a net's weights, which is smoother and usually better than the last step's."""

import copy
from typing import Generic, TypeVar

import torch
from torch import nn

Module = TypeVar("Module", bound=nn.Module)


class AveragedWeights(Generic[Module]):
    """Exponential moving average of a module's parameters and floating-point buffers.

    The decay of update t is min(decay, (1 + t) / (10 + t)), so that the random first weights are soon forgotten.
    Batch statistics are averaged too, since they belong to the averaged weights; counters are copied.

    Attributes:
        averaged: a copy of the module, in evaluation mode, holding the averages. With decay 0 it equals the module.
    """

    def __init__(self, module: Module, decay: float) -> None:
        self._module = module
        self._decay = decay
        self._updates = 0
        self.averaged = copy.deepcopy(module).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self) -> None:
        """Takes in the module's present weights; to be called after every optimizer step."""
        decay = min(self._decay, (1 + self._updates) / (10 + self._updates))
        self._updates += 1
        averages, values = [], []
        for average, value in zip(
            self.averaged.state_dict().values(), self._module.state_dict().values(), strict=True
        ):
            if average.is_floating_point():
                averages.append(average)
                values.append(value)
            else:
                average.copy_(value)
        torch._foreach_lerp_(averages, values, 1 - decay)

    def state_dict(self) -> dict:
        """Plain state for a checkpoint."""
        return {"averaged": self.averaged.state_dict(), "updates": self._updates}

    def load_state_dict(self, state: dict) -> None:
        """Takes back what `state_dict` gave."""
        self.averaged.load_state_dict(state["averaged"])
        self._updates = state["updates"]
