"""MagFace against its formula."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from tiny_heads import PARAMS, batch, expected, gradients_hold, head_of

from faceline.recognition.losses.magface.params import Params

LOW, HIGH = 9.0, 12.0
BLOCK = {"norm_low": LOW, "norm_high": HIGH, "margin_low": 0.2, "margin_high": 0.7, "regulariser_weight": 3.0}


@pytest.mark.parametrize("factor", [1.0, 0.4])
def test_margin_and_regulariser_follow_the_norm(factor):
    head = head_of("magface", **BLOCK)
    head.margin_factor = factor
    embeddings, labels = batch()
    norms = np.linalg.norm(embeddings.double().numpy(), axis=1)
    assert norms.min() < LOW < HIGH < norms.max()
    assert ((norms > LOW) & (norms < HIGH)).sum() > 3
    norms = np.clip(norms, LOW, HIGH)
    margins = factor * np.interp(norms, [LOW, HIGH], [0.2, 0.7])
    wanted = expected(head, embeddings, labels, lambda c: np.cos(np.arccos(c) + margins))
    wanted += factor * 3.0 * np.mean(norms / HIGH**2 + 1 / norms)
    assert head(embeddings, labels).loss.item() == pytest.approx(wanted, rel=1e-5)


def test_with_one_margin_and_no_regulariser_it_is_arcface():
    embeddings, labels = batch()
    plain = head_of("magface", **BLOCK | {"margin_high": 0.2, "regulariser_weight": 0.0})
    wanted = head_of("arcface", margin_rad=0.2)(embeddings, labels).loss.item()
    assert plain(embeddings, labels).loss.item() == pytest.approx(wanted, rel=1e-6)


def test_the_norm_rests_where_margin_and_regulariser_pull_alike():
    """The paper's point: a photo near its person gets a larger norm than one far away."""
    head = head_of("magface", norm_low=1.0, norm_high=100.0, margin_low=0.2, margin_high=0.7, regulariser_weight=50.0)
    head = head.double()
    unit = torch.nn.functional.normalize(head.weight.detach())
    rows = torch.stack([unit[0] + 0.3 * unit[1], unit[0] + 0.9 * unit[1]])
    rows = torch.nn.functional.normalize(rows)
    norms = torch.full((2, 1), 30.0, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([norms], 0.3)
    for _ in range(600):
        optimizer.zero_grad()
        head(norms * rows, torch.zeros(2, dtype=torch.long)).loss.backward()
        optimizer.step()
    near, far = norms.detach()[:, 0].tolist()
    assert 1 < far < near < 100


@pytest.mark.parametrize("block", [{}, {"norm_low": 1.0, "norm_high": 100.0}, {"norm_low": 90.0, "norm_high": 100.0}])
def test_gradients_within_and_outside_the_range_of_norms(block):
    head = head_of("magface", **BLOCK | block).double()
    assert gradients_hold(head, *batch(8, dtype=torch.float64))


@pytest.mark.parametrize("wrong", [{"norm_low": 12.0}, {"margin_low": 0.8}])
def test_ranges_rise(wrong):
    with pytest.raises(ValidationError, match="must lie below"):
        Params.model_validate(PARAMS.magface.model_dump() | BLOCK | wrong)
