"""CurricularFace against its formula."""

import numpy as np
import pytest
from tiny_heads import SCALE, batch, cosines, head_of, softmax_loss


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
