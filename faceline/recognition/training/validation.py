"""Figures of a net in training: on dev people, which choose the checkpoint, and on val photos of train people."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import torch

from faceline.evaluation.means.class_means import class_mean_ranks
from faceline.evaluation.scores.rates import area_under_roc, pair_scores, tpr_at_fpr
from faceline.recognition.net.embedding_net import EmbeddingNet, normalise
from faceline.recognition.training.face_store import Faces, prefetched
from faceline.recognition.training.training_data import TrainingData

DEV_FPR = 1e-2
_BATCH_SIZE = 128


@dataclass(frozen=True)
class Validation:
    """Figures of one net, all 0..1.

    Attributes:
        dev_tpr: share of the dev people's same-person pairs above the threshold that 1% of their other pairs pass.
        dev_auc: area under the dev people's ROC; decides where `dev_tpr` is equal.
        val_accuracy: val photos whose nearest mean embedding of train photos is their own person's; NaN without any.
    """

    dev_tpr: float
    dev_auc: float
    val_accuracy: float

    def at_least(self, other: Validation | None) -> bool:
        """Whether this is as good as an earlier epoch's and so preferred: it has been trained for longer."""
        return other is None or (self.dev_tpr, self.dev_auc) >= (other.dev_tpr, other.dev_auc)

    def to_row(self) -> dict[str, float]:
        """Under the names of the curves."""
        row = asdict(self)
        return {"val_accuracy": row["val_accuracy"], "dev_tpr_at_fpr_1e-2": row["dev_tpr"], "dev_auc": row["dev_auc"]}


def validate(net: EmbeddingNet, data: TrainingData, device: torch.device) -> Validation:
    """Embeds photos as they are, neither augmented nor mirrored, and compares them."""
    genuine, impostor = pair_scores(embed_faces(net, data.faces, data.dev, device), data.persons[data.dev])
    tpr, _ = tpr_at_fpr(genuine, impostor, DEV_FPR)
    accuracy = float("nan")
    if len(data.val):
        train = embed_faces(net, data.faces, data.train, device)
        val = embed_faces(net, data.faces, data.val, device)
        ranks = class_mean_ranks(train, data.labels(data.train), val, data.labels(data.val))
        accuracy = float(np.mean(ranks == 1))
    return Validation(tpr, area_under_roc(genuine, impostor), accuracy)


@torch.inference_mode()
def embed_faces(net: EmbeddingNet, faces: Faces, positions: np.ndarray, device: torch.device) -> np.ndarray:
    """(n, dim) float32 embeddings of unit norm; `net` is in evaluation mode."""
    parts = [positions[start : start + _BATCH_SIZE] for start in range(0, len(positions), _BATCH_SIZE)]
    embedded = []
    for pixels in prefetched(faces.batch, parts):
        images = normalise(pixels.to(device)).contiguous(memory_format=torch.channels_last)
        embedded.append(net.embed(images).cpu().numpy())
    return np.concatenate(embedded)
