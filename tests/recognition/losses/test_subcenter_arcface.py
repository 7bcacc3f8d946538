"""Sub-center ArcFace against its formula, ArcFace and pytorch-metric-learning."""

import math

import numpy as np
import pytest
import torch
from pytorch_metric_learning import losses
from tiny_heads import DIM, PEOPLE, SCALE, agrees_with, batch, expected, head_of, with_weight_of


def test_centers_compete_within_a_person():
    head = head_of("subcenter_arcface", margin_rad=0.4, centers=3)
    assert head.weight.shape == (3 * PEOPLE, DIM)
    embeddings, labels = batch()
    wanted = expected(head, embeddings, labels, lambda c: np.cos(np.arccos(c) + 0.4))
    assert head(embeddings, labels).loss.item() == pytest.approx(wanted, rel=1e-5)


def test_one_center_is_arcface():
    one, arcface = head_of("subcenter_arcface", centers=1, margin_rad=0.4), head_of("arcface", margin_rad=0.4)
    embeddings, labels = batch()
    assert one(embeddings, labels).loss.item() == arcface(embeddings, labels).loss.item()


def test_it_agrees_with_metric_learning():
    head = head_of("subcenter_arcface", margin_rad=0.5, centers=3).double()
    oracle = losses.SubCenterArcFaceLoss(
        num_classes=PEOPLE, embedding_size=DIM, margin=math.degrees(0.5), scale=SCALE, sub_centers=3
    )
    with_weight_of(oracle, head)
    # theirs holds a person's centres side by side
    oracle.W.data = oracle.W.data.view(DIM, 3, PEOPLE).transpose(1, 2).reshape(DIM, -1)
    assert agrees_with(head, oracle, *batch(dtype=torch.float64))
