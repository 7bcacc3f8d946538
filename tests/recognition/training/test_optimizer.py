"""Muon against singular values and a step written out; who is moved by what."""

import copy

import numpy as np
import pytest
import torch
from tiny_faces import tiny_params

from faceline.recognition.heads.registry import build_head
from faceline.recognition.net.embedding_net import EmbeddingNet, NetConfig, Recognizer
from faceline.recognition.training.optimizer import Muon, build_optimizer, orthogonalised


def recognizer_of(params):
    head = build_head("arcface", tiny_params().losses.arcface, 6, params.embedding_dim)
    return Recognizer(EmbeddingNet(NetConfig.from_params(params)), head)


@pytest.mark.parametrize("shape", [(16, 144), (144, 16), (32, 32)])
def test_singular_values_end_near_one_and_directions_stay(shape):
    matrix = torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    left, values, right = np.linalg.svd(matrix.numpy(), full_matrices=False)
    found = orthogonalised(matrix).numpy()
    along = left.T @ found @ right.T
    large = values > 0.02 * values.max()
    assert np.all((np.diag(along)[large] > 0.65) & (np.diag(along)[large] < 1.25))
    assert np.abs(along - np.diag(np.diag(along))).max() < 1e-4  # float32 within


@pytest.mark.parametrize("shape", [(24, 80), (80, 24)])
def test_agrees_with_torchs_muon_for_matrices(shape):
    generator = torch.Generator().manual_seed(1)
    start = torch.randn(*shape, generator=generator)
    mine, theirs = torch.nn.Parameter(start.clone()), torch.nn.Parameter(start.clone())
    ours = Muon([{"params": [mine], "weight_decay": 0.1, "orthogonal": True}], 0.02)
    oracle = torch.optim.Muon([theirs], lr=0.02, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    for _ in range(4):
        gradient = torch.randn(*shape, generator=generator)
        mine.grad, theirs.grad = gradient.clone(), gradient.clone()
        with torch.autocast("cpu", torch.bfloat16):
            ours.step()
        oracle.step()
    moved = (theirs - start).norm()
    assert (mine - theirs).norm() < 0.02 * moved  # theirs, too, multiplies in bfloat16
    assert moved > 0.5


def test_filters_turn_and_all_else_is_adamw():
    params = tiny_params(optimizer="muon", learning_rate=0.01, weight_decay=0.1).recognition
    torch.manual_seed(1)
    module = recognizer_of(params)
    other = copy.deepcopy(module)
    muon = build_optimizer(module, params)
    adamw = build_optimizer(other, params.model_copy(update={"optimizer": "adamw"}))
    before = {name: weight.detach().clone() for name, weight in module.named_parameters()}
    gradients = {name: torch.randn_like(weight) for name, weight in module.named_parameters()}
    for net, optimizer in ((module, muon), (other, adamw)):
        for name, weight in net.named_parameters():
            weight.grad = gradients[name].clone()
        optimizer.step()
    theirs = dict(other.named_parameters())
    turned = {name for name, weight in module.named_parameters() if not torch.equal(weight, theirs[name])}
    assert turned == {name for name, w in before.items() if w.ndim > 1 and w[0].numel() >= 64 and "head" not in name}
    assert turned
    for name in turned:
        # at the first step momentum points where the gradient does
        row = gradients[name].flatten(1)
        step = 0.2 * max(row.shape) ** 0.5 * orthogonalised(row)
        wanted = (1 - 0.01 * 0.1) * before[name] - 0.01 * step.view(before[name].shape)
        assert torch.allclose(dict(module.named_parameters())[name], wanted, atol=1e-5)


def test_a_closure_makes_the_gradients_and_gives_the_loss():
    matrix = torch.nn.Parameter(torch.randn(8, 16, generator=torch.Generator().manual_seed(1)))
    unused = torch.nn.Parameter(torch.ones(8, 16))
    muon = Muon([{"params": [matrix, unused], "weight_decay": 0.0, "orthogonal": True}], 0.02)

    def closure():
        muon.zero_grad()
        loss = matrix.square().sum()
        loss.backward()
        return loss.item()

    before = matrix.square().sum().item()
    assert muon.step(closure) == pytest.approx(before)
    assert matrix.square().sum().item() < before
    assert torch.equal(unused, torch.ones(8, 16))


def test_a_step_is_as_large_as_adamws():
    """AdamW moves every number by about the learning rate; Muon's root mean square is 0.2 of it, as in training."""
    matrix = torch.randn(64, 576, generator=torch.Generator().manual_seed(1))
    step = 0.2 * 576**0.5 * orthogonalised(matrix)
    assert step.square().mean().sqrt().item() == pytest.approx(0.2, rel=0.25)
