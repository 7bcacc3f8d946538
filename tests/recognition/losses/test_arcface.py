"""ArcFace against the addition theorem and pytorch-metric-learning."""

import math

import numpy as np
import pytest
from pytorch_metric_learning import losses
from tiny_heads import (
    DIM,
    PEOPLE,
    SCALE,
    agrees_with,
    batch,
    expected,
    head_of,
    own_cosines,
    wide_batch,
    with_weight_of,
)


def test_it_adds_the_margin_to_the_angle():
    head = head_of("arcface", margin_rad=0.4)
    embeddings, labels = batch()
    # cos(t + m) by the addition theorem; no angle of this batch passes pi - m
    wanted = expected(head, embeddings, labels, lambda c: c * math.cos(0.4) - np.sqrt(1 - c**2) * math.sin(0.4))
    output = head(embeddings, labels)
    assert output.loss.item() == pytest.approx(wanted, rel=1e-5)
    angles = np.arccos(own_cosines(head, embeddings, labels))
    assert output.statistics["target_angle_rad"].item() == pytest.approx(angles.mean(), rel=1e-5)


def test_it_agrees_with_metric_learning():
    head = head_of("arcface", margin_rad=0.5).double()
    oracle = losses.ArcFaceLoss(PEOPLE, DIM, margin=math.degrees(0.5), scale=SCALE)
    assert agrees_with(head, with_weight_of(oracle, head), *wide_batch())
