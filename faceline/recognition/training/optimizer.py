"""The optimisers that training knows."""

from collections.abc import Callable
from typing import overload

import torch
from torch import Tensor, nn

from faceline.recognition.training.params import RecognitionParams

MOMENTUM = {"sgd": 0.9, "muon": 0.95}


class Muon(torch.optim.AdamW):
    """AdamW, but for groups with `orthogonal`: they move by their momentum with all singular values made 1.

    Filters count as matrices, a row for each output channel. A gradient is dominated by few directions; evened out,
    rare ones are learned as fast as common ones, which pays where steps are few (Jordan et al., Muon, 2024).
    Steps are scaled to the size of AdamW's (Liu et al., arXiv 2502.16982), so that one learning rate
    serves all groups.
    """

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """A step; `closure`, if there is one, makes the gradients, and its loss is given back."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            if group["orthogonal"]:
                for weight in group["params"]:
                    if weight.grad is not None:
                        self._step_orthogonal(weight, weight.grad, group["lr"], group["weight_decay"])
        super().step()
        return loss

    def _step_orthogonal(self, weight: Tensor, gradient: Tensor, learning_rate: float, weight_decay: float) -> None:
        state = self.state[weight]
        if not state:
            # AdamW, when it is loaded, looks for a step
            state.update(step=torch.zeros(()), momentum=torch.zeros_like(weight))
        state["momentum"].lerp_(gradient, 1 - MOMENTUM["muon"])
        ahead = gradient.lerp_(state["momentum"], MOMENTUM["muon"])  # Nesterov's
        matrix = orthogonalised(ahead.flatten(1))
        weight.mul_(1 - learning_rate * weight_decay)
        weight.add_(matrix.reshape(weight.shape), alpha=-0.2 * max(matrix.shape) ** 0.5 * learning_rate)
        weight.grad = None  # AdamW passes over what has no gradient


def orthogonalised(matrix: Tensor) -> Tensor:
    """The matrix with its singular values all brought near 1 (0.7 to 1.2), by a Newton-Schulz iteration.

    A step multiplies the matrix by a polynomial of its Gram matrix. All polynomials are made from the first Gram
    matrix, whose side is the matrix's shorter one, and the matrix is multiplied once, by their product. Always in
    float32: rounded to bfloat16, a Gram matrix gets negative eigenvalues, which the iteration enlarges.
    """
    # Jordan's quintic: five steps bring every singular value of 0.0015 to 1 to between 0.68 and 1.13
    a, b, c = 3.4445, -4.7750, 2.0315
    with torch.autocast(matrix.device.type, enabled=False):
        tall = matrix.shape[0] > matrix.shape[1]
        wide = (matrix.T if tall else matrix).float()
        wide = wide / wide.norm().clamp(min=1e-7)
        gram = wide @ wide.T
        product = torch.eye(len(gram), device=matrix.device)
        for _ in range(5):
            polynomial = torch.addmm(gram, gram, gram, beta=b, alpha=c)
            polynomial.diagonal().add_(a)
            product = polynomial @ product
            gram = polynomial @ gram @ polynomial
        wide = product @ wide
    return (wide.T if tall else wide).to(matrix.dtype)


def build_optimizer(module: nn.Module, params: RecognitionParams) -> torch.optim.Optimizer:
    """SGD with Nesterov momentum, AdamW or Muon, over every parameter of `module` that is not frozen, the head's too.

    Vectors (biases, BatchNorm's and PReLU's weights) are not decayed: shrinking them regularises nothing. The
    head's weights are people, not filters: Muon leaves them to AdamW.
    """
    filters, matrices, vectors = [], [], []
    for name, weight in module.named_parameters():
        if not weight.requires_grad:
            continue
        if weight.ndim <= 1:
            vectors.append(weight)
        elif name.startswith("head.") or weight[0].numel() < 64:
            # filters over fewer numbers have too few directions to be worth evening out: depthwise ones, say
            matrices.append(weight)
        else:
            filters.append(weight)
    groups = [
        {"params": filters, "weight_decay": params.weight_decay, "orthogonal": True},
        {"params": matrices, "weight_decay": params.weight_decay, "orthogonal": False},
        {"params": vectors, "weight_decay": 0.0, "orthogonal": False},
    ]
    groups = [group for group in groups if group["params"]]
    if params.optimizer == "sgd":
        return torch.optim.SGD(groups, params.learning_rate, momentum=MOMENTUM["sgd"], nesterov=True, fused=True)
    kind = Muon if params.optimizer == "muon" else torch.optim.AdamW
    return kind(groups, params.learning_rate, fused=True)
