"""Counts what would make the host wait for a GPU, on any device: values read, and shapes that depend on values."""

import threading
from contextlib import contextmanager

import torch
from torch.utils._python_dispatch import TorchDispatchMode

_METHODS = ("item", "tolist", "cpu", "__float__", "__int__", "__bool__", "__index__")
_OPERATORS = ("_local_scalar_dense", "nonzero", "masked_select", "_unique2", "unique_dim", "equal")


class _Operators(TorchDispatchMode):
    def __init__(self, calls):
        super().__init__()
        self._calls = calls

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.overloadpacket.__name__
        masks = args[1] if name in ("index", "index_put", "index_put_") else ()
        if name in _OPERATORS or any(one is not None and one.dtype == torch.bool for one in masks):
            self._calls.append(name)
        return function(*args, **(kwargs or {}))


@contextmanager
def counted_waits():
    """Yields the list of what was called so far in this thread; threads that work ahead may wait."""
    calls, thread = [], threading.get_ident()
    plain = {name: getattr(torch.Tensor, name) for name in _METHODS}

    def counted(name):
        def method(self, *args, **kwargs):
            if threading.get_ident() == thread:
                calls.append(name)
            return plain[name](self, *args, **kwargs)

        return method

    own = {name for name in _METHODS if name in vars(torch.Tensor)}
    try:
        for name in _METHODS:
            setattr(torch.Tensor, name, counted(name))
        with _Operators(calls):
            yield calls
    finally:
        for name in _METHODS:
            if name in own:
                setattr(torch.Tensor, name, plain[name])
            else:
                delattr(torch.Tensor, name)
