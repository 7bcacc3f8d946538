"""CurricularFace against its formula."""

import numpy as np
import pytest
import torch
from tiny_heads import SCALE, batch, cosines, head_of, softmax_loss

from faceline.recognition.heads import cosine
from faceline.recognition.losses.curricularface.head import HardNegatives


def test_hard_impostors_are_weighed():
    head = head_of("curricularface", margin_rad=0.4, momentum=0.01)
    head.progress.fill_(0.6)
    embeddings, labels = batch()
    table = cosines(head, embeddings)
    rows, own = np.arange(len(labels)), labels.numpy()
    progress = 0.01 * table[rows, own].mean() + 0.99 * 0.6
    target = np.cos(np.arccos(table[rows, own]) + 0.4)
    hard = table > target[:, None]
    assert 0.1 < hard.mean() < 0.95
    changed = np.where(hard, table * (progress + table), table)
    changed[rows, own] = target
    wanted = softmax_loss(SCALE * changed, own)
    assert head(embeddings, labels).loss.item() == pytest.approx(wanted, rel=1e-5)
    assert head.progress.item() == pytest.approx(progress, rel=1e-5)


@pytest.mark.parametrize("block", [7, 1 << 16])
def test_the_gradient_of_hard_impostors_is_the_slope(block, monkeypatch):
    """By differences of the value, at rows that fall into several blocks."""
    monkeypatch.setattr(cosine, "BLOCK", block)
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(5, 6, generator=generator, dtype=torch.float64).requires_grad_()
    threshold, t = torch.randn(5, generator=generator, dtype=torch.float64), torch.tensor(0.3, dtype=torch.float64)
    assert (logits > threshold[:, None]).any()
    # a product in between: the gradient that it is given is overwritten
    assert torch.autograd.gradcheck(lambda z: HardNegatives.apply(z, threshold, t, 2.0, 0.7) * 1.0, logits)
