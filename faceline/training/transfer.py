"""Data to a device, and numbers back from it, without the host waiting for the device.

What the host waits for, it cannot work ahead of: a GPU then stands still until the next operation reaches it.
"""

from collections import deque

import numpy as np
import torch
from torch import Tensor


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """A host tensor on the device: for a GPU from pinned memory, which it fetches by itself."""
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


class StepValues:
    """A few numbers of each step of an epoch, which arrive on the host a little later than they are given.

    Args:
        steps: how many the epoch has.
        device: where the numbers come from.
    """

    def __init__(self, steps: int, device: torch.device) -> None:
        self._steps, self._device = steps, device
        self._names: tuple[str, ...] = ()
        self._arriving: deque[torch.cuda.Event | None] = deque()
        self._taken = 0

    def put(self, values: dict[str, Tensor]) -> None:
        """Takes a step's numbers, scalar tensors by name; every step has the same names."""
        if not self._names:
            self._names = tuple(values)
            shape = self._steps, len(values)
            self._buffer = torch.zeros(shape, dtype=torch.float64, pin_memory=self._device.type == "cuda")
            self._table = self._buffer.numpy()  # the same memory
        row = torch.stack([value.to(self._device, torch.float64) for value in values.values()])
        self._buffer[self._taken + len(self._arriving)].copy_(row, non_blocking=True)
        event = None
        if self._device.type == "cuda":
            event = torch.cuda.Event()
            event.record()
        self._arriving.append(event)

    def arrived(self, wait: bool = False) -> list[tuple[int, dict[str, float]]]:
        """Steps (from 0) whose numbers have arrived since the last call; with `wait` all that were given."""
        found = []
        while self._arriving:
            event = self._arriving[0]
            if event is not None and wait:
                event.synchronize()
            elif event is not None and not event.query():
                break
            self._arriving.popleft()
            found.append((self._taken, dict(zip(self._names, self._table[self._taken].tolist(), strict=True))))
            self._taken += 1
        return found

    def means(self) -> dict[str, float]:
        """Means over the steps that have arrived."""
        means = np.ascontiguousarray(self._table[: self._taken].T).mean(axis=1)
        return dict(zip(self._names, means.tolist(), strict=True))
