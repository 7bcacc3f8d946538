"""What a training chooses from, and what it gives."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from torch import Tensor

from faceline.recognition.net.embedding_net import NetConfig
from faceline.recognition.training.validation import Validation


@dataclass(frozen=True)
class Candidate:
    """Averaged weights after some epoch, and how good they are."""

    epoch: int
    validation: Validation
    state: dict[str, Tensor]

    def to_checkpoint(self) -> dict:
        """As plain values and tensors."""
        return {"epoch": self.epoch, "figures": asdict(self.validation), "state": self.state}

    @classmethod
    def from_checkpoint(cls, saved: dict) -> Candidate:
        """What `to_checkpoint` gave."""
        return cls(saved["epoch"], Validation(**saved["figures"]), saved["state"])


@dataclass(frozen=True)
class TrainedRecognizer:
    """What a training gives.

    Attributes:
        config: how to build the net.
        best: the candidate that was best on the dev people; `best.state` is what is to be saved.
        last: the one after the last epoch.
        curves: one dict an epoch; figures that were not taken are missing or NaN.
        sample: some augmented photos as the net sees them, (n, 3, px, px) in -1..1.
    """

    config: NetConfig
    best: Candidate
    last: Candidate
    curves: list[dict]
    sample: Tensor
