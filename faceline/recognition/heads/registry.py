"""Losses by name: each is a folder of `faceline.recognition.losses` with its parameters and its head.

Names are those of the folders. A loss is imported when it is asked for, so that a run needs the chosen folder only;
its parameters are imported without its head, so that checking them needs no torch.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from faceline.core.params import Group

if TYPE_CHECKING:
    from faceline.recognition.heads.base import Head

_LOSSES = Path(__file__).parents[1] / "losses"


def loss_names() -> list[str]:
    """All losses, in alphabetical order; none is imported."""
    return sorted(path.parent.name for path in _LOSSES.glob("*/head.py"))


def loss_params(name: str) -> type[Group]:
    """The parameters that a loss has, one of `loss_names()`."""
    return import_module(f"faceline.recognition.losses.{name}.params").Params


def loss_head(name: str) -> type[Head]:
    """The head that computes a loss, one of `loss_names()`, from its parameters."""
    return import_module(f"faceline.recognition.losses.{name}.head").HEAD


def build_head(name: str, params: Group, people: int, embedding_dim: int) -> Head:
    """The head of a named loss with that loss's parameters; weights are drawn from torch's seed."""
    return loss_head(name)(people, embedding_dim, params)
