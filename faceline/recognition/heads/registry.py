"""Losses by name: each is a file of `faceline.recognition.losses` that defines its `Params` and its `HEAD`.

Names are those of the files. A loss is imported when it is asked for, so that a run needs the chosen file only.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from faceline.core.params import Group

if TYPE_CHECKING:
    from faceline.recognition.heads.base import Head

_LOSSES = Path(__file__).parents[1] / "losses"


def loss_names() -> list[str]:
    """All losses, in alphabetical order; none is imported."""
    return sorted(path.stem for path in _LOSSES.glob("[!_]*.py"))


def load_loss(name: str) -> ModuleType:
    """A loss, one of `loss_names()`: `Params` are the parameters that it has, `HEAD` computes it from them."""
    return import_module(f"faceline.recognition.losses.{name}")


def build_head(name: str, params: Group, people: int, embedding_dim: int) -> Head:
    """The head of a named loss with that loss's parameters; weights are drawn from torch's seed."""
    return load_loss(name).HEAD(people, embedding_dim, params)
