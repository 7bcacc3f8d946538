"""What keeps a pretrained net near its start: its first layers, its statistics or its embeddings are held."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from faceline.recognition.heads.base import Head, LossOutput
from faceline.recognition.net.embedding_net import EmbeddingNet, Recognizer
from faceline.recognition.training.params import RecognitionParams
from faceline.recognition.training.training_data import TrainingData
from faceline.recognition.training.validation import mean_embeddings


def held_recognizer(net: EmbeddingNet, head: Head, params: RecognitionParams) -> Recognizer:
    """Net and head as they are trained together, held as `frozen` and `distillation` of `params` say."""
    freeze(net, params.frozen)
    return DistilledRecognizer(net, head, params.distillation) if params.distillation else Recognizer(net, head)


def freeze(net: EmbeddingNet, share: float) -> None:
    """Keeps the weights of the backbone's first layers as they are.

    Args:
        share: of the layers that have weights of their own (convolutions, norms, activations), counted in the order
            in which the backbone registers them, from the photo on; 1 is all of the backbone.
    """
    layers = [part for part in net.backbone.modules() if next(part.parameters(recurse=False), None) is not None]
    for layer in layers[: round(share * len(layers))]:
        layer.requires_grad_(False)


def keep_statistics(recognizer: nn.Module, everywhere: bool) -> None:
    """Makes BatchNorms use and keep the statistics they have, in frozen layers or everywhere.

    To be called after each `train()`, which would have them use the batch's.
    """
    for part in recognizer.modules():
        if isinstance(part, _BatchNorm) and (everywhere or not all(w.requires_grad for w in part.parameters())):
            part.eval()


def start_at_means(recognizer: Recognizer, data: TrainingData, device: torch.device) -> None:
    """Sets each person's row of the head to the mean embedding of the person's training photos, not augmented.

    Raises:
        InputError: the loss has no rows for people.
    """
    means = mean_embeddings(recognizer.net.eval(), data, device)
    recognizer.head.start_at(torch.from_numpy(means).to(device))


class DistilledRecognizer(Recognizer):
    """A recogniser that is drawn towards the embeddings of its start.

    To the head's loss comes `weight` times the mean of 1 - cos between the embeddings that the net and its start, in
    evaluation mode, give of the same augmented photos. The start is no part of the state.
    """

    def __init__(self, net: EmbeddingNet, head: Head, weight: float) -> None:
        super().__init__(net, head)
        self._weight = weight
        self._start = (copy.deepcopy(net).eval().requires_grad_(False),)  # in a tuple, modules are not found

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> nn.Module:
        """Moves the start with the rest."""
        self._start[0]._apply(fn, recurse)
        return super()._apply(fn, recurse)

    def forward(self, images: Tensor, labels: Tensor) -> LossOutput:
        embeddings = self.net(images)
        loss, statistics = self.head(embeddings, labels)
        with torch.no_grad():
            start = self._start[0](images)
        moved = 1 - F.cosine_similarity(embeddings.float(), start.float()).mean()
        return LossOutput(loss + self._weight * moved, {**statistics, "distance_from_start": moved.detach()})
