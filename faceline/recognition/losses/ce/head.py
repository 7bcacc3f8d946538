"""Plain cross entropy over a linear layer: the baseline without angles."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceline.recognition.heads.base import Head, LossOutput, in_full_precision
from faceline.recognition.losses.ce.params import Params


class CrossEntropy(Head):
    """Softmax cross entropy with optional label smoothing; it has no margin, so `margin_factor` does nothing."""

    def __init__(self, people: int, embedding_dim: int, params: Params) -> None:
        super().__init__()
        self.label_smoothing = params.label_smoothing
        self.linear = nn.Linear(embedding_dim, people)

    @torch.no_grad()
    def start_at(self, means: Tensor) -> None:
        self.linear.weight.copy_(means)
        self.linear.bias.zero_()

    def forward(self, embeddings: Tensor, labels: Tensor) -> LossOutput:
        logits = self.predict(embeddings)
        return LossOutput(F.cross_entropy(logits, labels, label_smoothing=self.label_smoothing), {})

    def predict(self, embeddings: Tensor) -> Tensor:
        with torch.autocast(embeddings.device.type, enabled=False):
            weight, bias = in_full_precision(self.linear.weight), in_full_precision(self.linear.bias)
            return F.linear(in_full_precision(embeddings), weight, bias)


HEAD = CrossEntropy
