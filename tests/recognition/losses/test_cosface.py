"""CosFace against its formula and pytorch-metric-learning."""

import pytest
from pytorch_metric_learning import losses
from tiny_heads import DIM, PEOPLE, SCALE, agrees_with, batch, expected, head_of, wide_batch, with_weight_of


def test_it_takes_the_margin_off_the_cosine():
    head = head_of("cosface", margin_cos=0.3)
    embeddings, labels = batch()
    wanted = expected(head, embeddings, labels, lambda c: c - 0.3)
    assert head(embeddings, labels).loss.item() == pytest.approx(wanted, rel=1e-5)


def test_it_agrees_with_metric_learning():
    head = head_of("cosface", margin_cos=0.35).double()
    oracle = losses.CosFaceLoss(PEOPLE, DIM, margin=0.35, scale=SCALE)
    assert agrees_with(head, with_weight_of(oracle, head), *wide_batch())
