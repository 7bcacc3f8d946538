"""Triplet loss on cosine distances, mined within batches of several photos of several people."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch.distributed.nn.functional import all_gather
from torch.nn import functional as F

from faceline.core.errors import FacelineError, InputError
from faceline.recognition.heads.base import Head, LossOutput, in_full_precision, process_count
from faceline.recognition.losses.triplet.params import Params

COLLAPSED_DISTANCE = 1e-3
COLLAPSED_STEPS = 50


class Triplet(Head):
    """max(0, d(anchor, positive) - d(anchor, negative) + m), d = 1 - cosine, averaged over triplets above 0.

    `batch_hard` takes each anchor's farthest positive and nearest negative (Hermans et al., 2017);
    `semi_hard` takes, for each anchor and positive, the nearest negative that is farther than the positive, or the
    farthest negative where there is none (Schroff et al., CVPR 2015).

    Its batches are `people_per_batch` people with `photos_per_person` photos each. `margin_factor` does nothing
    here: with a margin of 0 the best answer would be to embed everybody alike.
    """

    collapsed_steps: Tensor

    def __init__(self, people: int, embedding_dim: int, params: Params) -> None:
        super().__init__()
        self.params = params
        self.register_buffer("collapsed_steps", torch.tensor(0))

    def forward(self, embeddings: Tensor, labels: Tensor) -> LossOutput:
        with torch.autocast(embeddings.device.type, enabled=False):
            unit = _of_all_processes(F.normalize(in_full_precision(embeddings)))
            labels = _of_all_processes(labels)
            distances = 1 - unit @ unit.T
            same = labels[:, None] == labels[None]
            itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
            mine = _hardest_in_batch if self.params.mining == "batch_hard" else _semi_hard
            positive, negative, triplets = mine(distances, same & ~itself, ~same)
            violation = F.relu(positive - negative + self.params.margin_cos)
            active = (violation.detach() > 0).sum()
            loss = violation.sum() / active.clamp(min=1)
            pairs = max(1, len(labels) * (len(labels) - 1))
            mean_distance = distances.detach().masked_fill(itself, 0).sum() / pairs
            if self.training:
                collapsed = mean_distance < COLLAPSED_DISTANCE
                self.collapsed_steps.copy_(torch.where(collapsed, self.collapsed_steps + 1, 0))
            share = active.double() / triplets.clamp(min=1)
            statistics = {"active_share": share, "mean_distance": mean_distance}
            return LossOutput(loss, statistics | {"collapsed_steps": self.collapsed_steps.clone()})

    def predict(self, embeddings: Tensor) -> None:
        return None

    def photos_per_step(self, batch_size: int) -> int:
        return self.params.people_per_batch * self.params.photos_per_person

    def batches(
        self, labels: np.ndarray, batch_size: int, rng: np.random.Generator, order: np.ndarray | None = None
    ) -> list[np.ndarray]:
        """Several photos of several people in each: as many steps as photos fill.

        People take turns in random order; a person with fewer photos than asked for gives some of them twice.

        Raises:
            InputError: there are fewer people than a batch needs, or photos are streamed from disk.
        """
        if order is not None:
            raise InputError(
                "recognition.memory_budget_mb: triplet takes photos of chosen people for each step, so the set's "
                "files must fit into it; raise it or choose another recognition.loss"
            )
        people, each = self.params.people_per_batch, self.params.photos_per_person
        photos = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        if len(photos) < people:
            raise InputError(
                f"losses.triplet.people_per_batch: {people}, but there are {len(photos)} people to train on"
            )
        turns: list[int] = []
        batches = []
        for _ in range(max(1, len(labels) // (people * each))):
            if len(turns) < people:
                # another round; those who still wait from the last one come late in it: no batch has them twice
                turns += sorted(rng.permutation(len(photos)).tolist(), key=turns.__contains__)
            chosen, turns = turns[:people], turns[people:]
            batches.append(np.concatenate([_draw(photos[person], each, rng) for person in chosen]))
        return batches

    def check(self, statistics: Mapping[str, float]) -> None:
        """Raises FacelineError when for many steps on end all embeddings have been nearly the same."""
        if statistics["collapsed_steps"] >= COLLAPSED_STEPS:
            raise FacelineError(
                f"triplet loss: for {COLLAPSED_STEPS} steps all embeddings have been the same (mean cosine distance "
                f"{statistics['mean_distance']:.1e}). Lower recognition.learning_rate, set losses.triplet.mining to "
                "semi_hard, or start from a net trained with another loss (recognition.pretrained: PATH)"
            )


# Both take (n, n) distances and masks that say who is what, rows being anchors, and give two (k,) distances, to the
# positive and to the negative, and how many of the k are triplets. Anchors that lack either are left out or give a
# positive infinitely nearer than the negative.


def _hardest_in_batch(distances: Tensor, positives: Tensor, negatives: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    usable = positives.any(dim=1) & negatives.any(dim=1)
    farthest = distances.masked_fill(~positives, -torch.inf).amax(dim=1)
    nearest = distances.masked_fill(~negatives, torch.inf).amin(dim=1)
    return farthest, nearest, usable.sum()


def _semi_hard(distances: Tensor, positives: Tensor, negatives: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    # how many pairs there are, the host must know: a GPU is waited for here
    anchor, other = torch.nonzero(positives & negatives.any(dim=1, keepdim=True), as_tuple=True)
    positive = distances[anchor, other]
    rows, allowed = distances[anchor], negatives[anchor]
    farther = allowed & (rows > positive[:, None])
    nearest = rows.masked_fill(~farther, torch.inf).amin(dim=1)
    farthest = rows.masked_fill(~allowed, -torch.inf).amax(dim=1)
    return (
        positive,
        torch.where(farther.any(dim=1), nearest, farthest),
        torch.full((), len(positive), device=positive.device),
    )


def _of_all_processes(rows: Tensor) -> Tensor:
    """The rows of every training process, so that triplets are mined in the whole batch; gradients flow back."""
    return torch.cat(all_gather(rows)) if process_count() > 1 else rows


def _draw(photos: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    whole, rest = divmod(count, len(photos))
    return np.concatenate([np.tile(photos, whole), rng.choice(photos, rest, replace=False)])


HEAD = Triplet
