"""Figures of a net in training: on dev people, which choose the checkpoint, and on val photos of train people."""

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch.nn import functional as F

from faceline.evaluation.means.class_means import PersonSums, search
from faceline.evaluation.scores.rates import area_under_roc, pair_scores, tpr_at_fpr
from faceline.imaging.parallel import ordered_map
from faceline.recognition.net.embedding_net import EmbeddingNet, normalise
from faceline.recognition.training.training_data import Faces, TrainingData

DEV_TPR = "dev_tpr_at_fpr_1e-2"
# after an epoch without figures; with the same columns in every row the curves so far are the first rows of the last
NOT_TAKEN = dict.fromkeys(("val_accuracy", DEV_TPR, "dev_auc"), math.nan)
_BATCH_SIZE = 128


def validate(net: EmbeddingNet, data: TrainingData, device: torch.device) -> dict[str, float]:
    """Embeds photos as they are, neither augmented nor mirrored, and compares them.

    Returns:
        Figures under the names of the curves, all 0..1. `val_accuracy`: val photos whose nearest mean embedding of
        train photos is their own person's, NaN without any. `dev_tpr_at_fpr_1e-2`: share of the dev people's
        same-person pairs above the threshold that 1% of their other pairs pass. `dev_auc`: area under their ROC.
    """
    genuine, impostor = pair_scores(embed_faces(net, data.faces, data.dev, device), data.persons[data.dev])
    tpr, _ = tpr_at_fpr(genuine, impostor, 1e-2)
    accuracy = math.nan
    if len(data.val):
        val = embed_faces(net, data.faces, data.val, device)
        ranks = search(val, data.labels(data.val), mean_embeddings(net, data, device)).rank
        accuracy = float(np.mean(ranks == 1))
    return {"val_accuracy": accuracy, DEV_TPR: tpr, "dev_auc": area_under_roc(genuine, impostor)}


def at_least(figures: dict[str, float], earlier: dict[str, float]) -> bool:
    """Whether an epoch is as good as an earlier one and so preferred, having been trained for longer.

    Where the dev people's TPR is equal, the area decides.
    """
    return (figures[DEV_TPR], figures["dev_auc"]) >= (earlier[DEV_TPR], earlier["dev_auc"])


def embed_faces(net: EmbeddingNet, faces: Faces, positions: np.ndarray, device: torch.device) -> np.ndarray:
    """(n, dim) float32 embeddings of unit norm; `net` is in evaluation mode."""
    return np.concatenate([embeddings for _, embeddings in _embedded(net, faces, positions, device)])


def mean_embeddings(net: EmbeddingNet, data: TrainingData, device: torch.device) -> np.ndarray:
    """(people, dim) unit mean of each person's train photos, no more than a batch of which is held at a time."""
    sums = PersonSums(len(data.people))
    for positions, embeddings in _embedded(net, data.faces, data.train, device):
        sums.add(embeddings, data.labels(positions))
    return sums.means()


def _embedded(
    net: EmbeddingNet, faces: Faces, positions: np.ndarray, device: torch.device
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Positions and their embeddings, a batch after another."""
    parts = [positions[start : start + _BATCH_SIZE] for start in range(0, len(positions), _BATCH_SIZE)]
    for part, pixels in zip(parts, ordered_map(faces.batch, parts, workers=1, ahead=2), strict=True):
        with torch.inference_mode():
            images = normalise(pixels.to(device)).contiguous(memory_format=torch.channels_last)
            embeddings = F.normalize(net(images).float()).cpu().numpy()
        yield part, embeddings
