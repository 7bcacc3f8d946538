"""Checkpoints of a training that may be killed: kept outside every output, gone when the training ends."""

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch

from faceline.core.files import remove, replacing

CHECKPOINTS = Path(".faceline/checkpoints")

log = logging.getLogger(__name__)


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
            torch.save(state, temporary)

    def remove(self) -> None:
        """Forgets the state; none being there is no error."""
        remove(self.path)


def checkpoint_key(name: str, depends_on: Mapping, inputs: Iterable[Path]) -> str:
    """`name` and a hash of what a training depends on: parameters (JSON-able) and the bytes of files and folders."""
    digest = hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode())
    for path in inputs:
        for file in filter(Path.is_file, [path, *sorted(path.rglob("*"))]):
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return f"{name}-{digest.hexdigest()[:16]}"
