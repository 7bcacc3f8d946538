"""What all margin losses have in common."""

import math

import numpy as np
import pytest
import torch
from tiny_heads import DIM, MARGIN_LOSSES, SCALE, batch, cosines, head_of, softmax_loss

from faceline.recognition.heads.cosine import add_angle

FALLING = [name for name in MARGIN_LOSSES if name not in ("adaface", "curricularface")]


@pytest.mark.parametrize("name", MARGIN_LOSSES)
def test_without_margin_all_are_normalised_cross_entropy(name):
    head = head_of(name)
    head.margin_factor = 0.0
    embeddings, labels = batch()
    wanted = softmax_loss(SCALE * cosines(head, embeddings), labels.numpy())
    assert head(embeddings, labels).loss.item() == pytest.approx(wanted, rel=1e-5)
    scores = head.predict(embeddings).detach().numpy()
    assert np.allclose(scores, SCALE * cosines(head, embeddings), atol=1e-4)


@pytest.mark.parametrize("name", MARGIN_LOSSES)
def test_the_margin_makes_it_harder_and_warms_up(name):
    head = head_of(name)
    embeddings, labels = batch()
    values = []
    for factor in (0.0, 0.3, 1.0):
        head.margin_factor = factor
        values.append(head(embeddings, labels).loss.item())
    assert values[0] < values[1] < values[2]


@pytest.mark.parametrize("name", FALLING)
def test_the_target_falls_with_the_angle_everywhere(name):
    head = head_of(name).double().eval()
    cosine = torch.cos(torch.linspace(0, math.pi, 2001, dtype=torch.float64)[1:-1])
    target = head.with_margin(cosine, torch.zeros(len(cosine), DIM))
    assert (target.diff() < 0).all()
    assert (target < cosine).all()


@pytest.mark.parametrize("name", MARGIN_LOSSES)
def test_logits_are_float32_under_autocast(name):
    head = head_of(name).eval()
    embeddings, labels = batch()
    embeddings = embeddings.bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        inside = head(embeddings, labels).loss
        scores = head.predict(embeddings)
    assert scores.dtype == torch.float32
    assert inside.item() == head(embeddings.float(), labels).loss.item()


def test_many_margins_are_added_as_one_is():
    cosine = torch.cos(torch.linspace(0.01, 3.1, 50, dtype=torch.float64))
    margins = torch.linspace(0, 1, 50, dtype=torch.float64)
    one_by_one = [add_angle(c[None], m.item()).item() for c, m in zip(cosine, margins, strict=True)]
    assert np.allclose(add_angle(cosine, margins), one_by_one, atol=1e-12)
