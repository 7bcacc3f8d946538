"""Small heads and batches for the tests of losses, and the cosines and softmax losses that papers write down."""

import math

import numpy as np
import torch
from tiny_faces import tiny_params
from torch.nn import functional as F

from faceline.recognition.heads.cosine import CosineHead
from faceline.recognition.heads.registry import build_head, loss_head, loss_names

PARAMS = tiny_params().losses
PEOPLE, DIM, SCALE = 7, 12, PARAMS.arcface.scale
MARGIN_LOSSES = [name for name in loss_names() if issubclass(loss_head(name), CosineHead)]


def head_of(name, people=PEOPLE, dim=DIM, **changes):
    """A head with the sample's parameters, some of them changed."""
    torch.manual_seed(1)
    return build_head(name, getattr(PARAMS, name).model_copy(update=changes), people, dim)


def batch(count=20, dim=DIM, people=PEOPLE, dtype=torch.float32, seed=2):
    generator = torch.Generator().manual_seed(seed)
    embeddings = 3 * torch.randn(count, dim, generator=generator, dtype=dtype)
    return embeddings, torch.arange(count) % people


def wide_batch():
    """Angles over the whole range, those beyond pi - m among them."""
    head = head_of("arcface")
    unit = F.normalize(head.weight.detach().double())
    labels = torch.arange(40) % PEOPLE
    angles = torch.linspace(0.05, math.pi - 0.05, 40, dtype=torch.float64)
    other = torch.randn(40, DIM, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    other = F.normalize(other - (other * unit[labels]).sum(1, keepdim=True) * unit[labels])
    rows = angles.cos()[:, None] * unit[labels] + angles.sin()[:, None] * other
    return rows, labels


def cosines(head, embeddings):
    """(n, people), straight from the definition, in numpy and float64."""
    weight = head.weight.detach().double().numpy()
    rows = embeddings.detach().double().numpy()
    table = rows @ weight.T / np.linalg.norm(rows, axis=1)[:, None] / np.linalg.norm(weight, axis=1)
    return table.reshape(len(rows), head.centers, -1).max(axis=1)


def own_cosines(head, embeddings, labels):
    """(n,) each photo's cosine with its own person."""
    return cosines(head, embeddings)[np.arange(len(labels)), labels.numpy()]


def softmax_loss(logits, labels):
    """-log softmax of the target, in numpy and float64."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    own = shifted[np.arange(len(labels)), labels]
    return float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - own))


def expected(head, embeddings, labels, target_of):
    """The softmax loss in which `target_of` is done to the own cosines."""
    logits = SCALE * cosines(head, embeddings)
    own = own_cosines(head, embeddings, labels)
    logits[np.arange(len(labels)), labels.numpy()] = SCALE * target_of(own)
    return softmax_loss(logits, labels.numpy())


def gradients_hold(head, embeddings, labels, seed=5):
    """Whether the gradients in embeddings and weights are those of finite differences; every call draws the same."""
    embeddings = embeddings.clone().requires_grad_()
    weights = [weight.detach().clone().requires_grad_() for weight in head.parameters()]
    names = [key for key, _ in head.named_parameters()]

    def loss(rows, *values):
        torch.manual_seed(seed)
        return torch.func.functional_call(head, dict(zip(names, values, strict=True)), (rows, labels)).loss

    return torch.autograd.gradcheck(loss, (embeddings, *weights), atol=1e-5)


def agrees_with(head, oracle, embeddings, labels, gradient=True):
    """Whether a loss of pytorch-metric-learning gives the same value, and the same gradient."""
    ours, theirs = embeddings.clone().requires_grad_(), embeddings.clone().requires_grad_()
    mine, other = head(ours, labels).loss, oracle(theirs, labels)
    assert math.isclose(mine.item(), other.item(), rel_tol=1e-6)
    if gradient:
        mine.backward()
        other.backward()
        assert torch.allclose(ours.grad, theirs.grad, rtol=1e-4, atol=1e-7)
    return True


def with_weight_of(oracle, head):
    """A classifier of pytorch-metric-learning with a head's weights, in float64."""
    oracle.W.data = head.weight.detach().double().T.clone()
    return oracle.double()
