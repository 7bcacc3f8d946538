"""The type of what autograd hands to a function's two directions."""

from typing import Protocol

from torch import Tensor


class Context(Protocol):
    """What autograd hands to a function's two directions; torch declares `saved_tensors` nowhere that fits."""

    saved_tensors: tuple[Tensor, ...]

    def save_for_backward(self, *tensors: Tensor) -> None: ...
