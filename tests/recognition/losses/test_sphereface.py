"""SphereFace against its formula and pytorch-metric-learning."""

import numpy as np
import pytest
from pytorch_metric_learning import losses
from tiny_heads import DIM, PEOPLE, SCALE, agrees_with, batch, expected, head_of, wide_batch, with_weight_of


def test_it_doubles_the_angle():
    head = head_of("sphereface", margin_factor=2.0)
    embeddings, labels = batch()
    # cos 2t = 2 cos^2 t - 1, mirrored and lowered by 2 beyond a right angle
    wanted = expected(head, embeddings, labels, lambda c: np.where(c > 0, 2 * c**2 - 1, -1 - 2 * c**2))
    assert head(embeddings, labels).loss.item() == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("factor", [2, 4])
def test_it_agrees_with_metric_learning(factor):
    head = head_of("sphereface", margin_factor=float(factor)).double()
    oracle = losses.SphereFaceLoss(PEOPLE, DIM, margin=factor, scale=SCALE)
    # theirs scales by the norm, which lets the gradient through
    assert agrees_with(head, with_weight_of(oracle, head), *wide_batch(), gradient=False)
