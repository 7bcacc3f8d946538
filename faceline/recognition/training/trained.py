"""What a training of the recogniser gives."""

import math
from typing import NamedTuple

from torch import Tensor

# of the training curves; figures of the dev people follow
COLUMNS = (
    "epoch",
    "learning_rate",
    "margin_factor",
    "train_loss",
    "mean_target_angle_deg",
    "active_triplet_share",
    "mean_pairwise_distance",
    "grad_norm",
)


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


def start_row(figures: dict[str, float]) -> dict:
    """The row of pretrained weights in the curves: epoch 0, and of the rest what `validate` says of them."""
    return {**dict.fromkeys(COLUMNS, math.nan), "epoch": 0, **figures}
