"""Checkpoints of a training that may be killed: kept outside every output, gone when the training ends."""

import hashlib
import json
import logging
import platform
import re
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any, Protocol

import torch

from faceline.core.errors import FacelineError
from faceline.core.files import remove, replacing

CHECKPOINTS = Path(".faceline/checkpoints")

log = logging.getLogger(__name__)


class Stateful(Protocol):
    """A part of a training that gives its state and takes it back: a net, an optimizer, averaged weights."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any], /) -> object: ...


class Checkpoint:
    """One training's state on disk, under a key that changes with everything the training depends on."""

    def __init__(self, key: str, root: Path = CHECKPOINTS) -> None:
        self.path = Path(root) / f"{key}.pt"

    def load(self) -> dict | None:
        """The state last saved, on the CPU; None where there is none or where it cannot be read."""
        if not self.path.exists():
            return None
        try:
            return torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception as error:  # torch names no one type for a broken file
            log.warning("%s: cannot be read (%s); training starts anew", self.path, error)
            return None

    def save(self, state: dict) -> None:
        """Replaces the saved state. `state` holds tensors and plain values only, so that loading runs no code."""
        with replacing(self.path) as temporary:
            try:
                torch.save(state, temporary)
            except RuntimeError as error:  # torch's own words for a full disk
                raise FacelineError(f"{self.path}: cannot be written ({str(error)[:200]})") from None

    def remove(self) -> None:
        """Forgets the state; none being there is no error."""
        remove(self.path)


def checkpoint_key(name: str, depends_on: Mapping, inputs: Iterable[Path]) -> str:
    """`name` and a hash of what a training depends on: parameters, the bytes of files and folders, code, libraries.

    The code is every file of this project that is loaded by now, so all parts that a parameter names have to be.

    Args:
        depends_on: parameters, as JSON can hold them.
        inputs: files and folders; what does not exist is passed over.
    """
    told = {"parameters": depends_on, "code": _loaded_code(), "libraries": _libraries()}
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    for path in inputs:
        for file in filter(Path.is_file, [path, *sorted(path.rglob("*"))]):
            digest.update(_digest(file).encode())
    return f"{name}-{digest.hexdigest()[:16]}"


def _loaded_code() -> dict[str, str]:
    """SHA-256 of the project's loaded modules, by path; the stage's script is one, under the name `__main__`."""
    root = Path(__file__).parents[2]
    paths = {Path(file) for module in tuple(sys.modules.values()) if (file := getattr(module, "__file__", None))}
    inside = {path.relative_to(root) for path in paths if path.is_relative_to(root)}
    return {str(path): _digest(root / path) for path in inside if path.parts[0] in ("faceline", "stages")}


def _libraries() -> dict[str, str]:
    """Versions of Python and of what the project requires when it trains."""
    required = [line for line in requires("faceline") or () if not re.search(r"extra == .(?!train\b)", line)]
    names = [name for line in required for name in re.findall(r"^[\w.-]+", line)]
    return {"python": platform.python_version()} | {name: version(name) for name in names}


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
