"""Losses by name: each is a file of `faceline.recognition.losses` that defines its `Params` and its `HEAD`.

Names are those of the files. A loss is imported when it is asked for, so that a run needs the chosen file only.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from faceline.core.params import Group

if TYPE_CHECKING:
    from faceline.recognition.heads.base import Head

_LOSSES = Path(__file__).parents[1] / "losses"


class Loss(NamedTuple):
    """The parameters that a loss has, and the head that computes it from them."""

    Params: type[Group]
    Head: type[Head]


def loss_names() -> list[str]:
    """All losses, in alphabetical order; none is imported."""
    return sorted(path.stem for path in _LOSSES.glob("[!_]*.py"))


def load_loss(name: str) -> Loss:
    """Imports a loss, one of `loss_names()`."""
    module = import_module(f"faceline.recognition.losses.{name}")
    return Loss(module.Params, module.HEAD)


def build_head(name: str, params: Group, people: int, embedding_dim: int) -> Head:
    """The head of a named loss with that loss's parameters; weights are drawn from torch's seed."""
    return load_loss(name).Head(people, embedding_dim, params)
