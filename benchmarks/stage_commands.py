"""The chain's stages as dvc.yaml has them for some parameters: what each runs and makes."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from faceline.core.errors import InputError

GRAPH = Path(__file__).parents[1] / "dvc.yaml"


@dataclass(frozen=True)
class Stage:
    """A stage as it runs.

    Attributes:
        command: for this Python.
        outs: the files and folders that it makes, as they stand in `command`.
    """

    command: Sequence[str]
    outs: frozenset[str]

    @property
    def module(self) -> str:
        """What it runs, `stages.NAME`."""
        return self.command[self.command.index("-m") + 1]

    def diverted(self, folder: Path) -> list[str]:
        """The command with everything that it makes below another folder."""
        return [str(folder / part) if part in self.outs else part for part in self.command]


def read_stages(params: Mapping) -> dict[str, Stage]:
    """Every stage by its name, in the order of dvc.yaml.

    Args:
        params: nested, as params.yaml has them.
    """
    stages = {}
    for name, entry in yaml.safe_load(GRAPH.read_text())["stages"].items():
        for item in entry.get("foreach", [""]):
            body = entry.get("do", entry)
            outs = [next(iter(out)) if isinstance(out, dict) else out for out in body["outs"]]
            stages[f"{name}@{item}" if item else name] = Stage(
                [sys.executable, *shlex.split(_resolved(body["cmd"], params, item))[1:]],
                frozenset(_resolved(out, params, item) for out in outs),
            )
    return stages


def read_stage(name: str, params: Mapping) -> Stage:
    """One stage.

    Raises:
        InputError: there is none of that name.
    """
    stages = read_stages(params)
    if name not in stages:
        raise InputError(f"{name}: no such stage; there are {', '.join(stages)}")
    return stages[name]


def _resolved(text: str, params: Mapping, item: str) -> str:
    def value(found: re.Match[str]) -> str:
        tree = {"item": item} | params
        for key in found[1].split("."):
            tree = tree[key]
        return str(tree)

    return re.sub(r"\$\{([\w.]+)\}", value, text)
