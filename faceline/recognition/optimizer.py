"""The optimisers that training knows."""

from __future__ import annotations

import torch
from torch import nn

from faceline.core.params import RecognitionParams

SGD_MOMENTUM = 0.9


def build_optimizer(module: nn.Module, params: RecognitionParams) -> torch.optim.Optimizer:
    """SGD with Nesterov momentum, or AdamW, over every parameter of `module`, the head's included.

    Vectors (biases, BatchNorm's and PReLU's weights) are not decayed: shrinking them regularises nothing.
    """
    matrices = [weight for weight in module.parameters() if weight.ndim > 1]
    vectors = [weight for weight in module.parameters() if weight.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": params.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    if params.optimizer == "sgd":
        return torch.optim.SGD(groups, params.learning_rate, momentum=SGD_MOMENTUM, nesterov=True, fused=True)
    return torch.optim.AdamW(groups, params.learning_rate, fused=True)
