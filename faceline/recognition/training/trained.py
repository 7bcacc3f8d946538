"""What a training of the recogniser gives."""

from typing import NamedTuple

from torch import Tensor


class Candidate(NamedTuple):
    """Averaged weights after some epoch, and how good they are."""

    epoch: int
    figures: dict[str, float]
    state: dict[str, Tensor]


class TrainedRecognizer(NamedTuple):
    """What a training gives.

    Attributes:
        best: the candidate that was best on the dev people; `best.state` is what is to be saved.
        last: the one after the last epoch.
        curves: one dict an epoch, pretrained weights before the first being epoch 0; figures that were not taken
            are missing or NaN.
        sample: some augmented photos as the net sees them, (n, 3, px, px) in -1..1; None without training.
    """

    best: Candidate
    last: Candidate
    curves: list[dict]
    sample: Tensor | None
