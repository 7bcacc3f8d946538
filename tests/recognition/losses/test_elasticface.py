"""ElasticFace against its formula, with the margins that a seed gives."""

import numpy as np
import pytest
import torch
from tiny_heads import batch, expected, gradients_hold, head_of, own_cosines

MARGIN, SIGMA = 0.4, 0.1


def loss_of(head, embeddings, labels):
    torch.manual_seed(3)
    return head(embeddings, labels).loss.item()


def drawn_margins(count, dtype=torch.float32):
    torch.manual_seed(3)
    return MARGIN + SIGMA * torch.randn(count, dtype=dtype).double().numpy()


def added(margins):
    """cos(t + m_i) by the addition theorem; no angle of the batch passes pi - m."""
    return lambda c: c * np.cos(margins) - np.sqrt(1 - c**2) * np.sin(margins)


@pytest.mark.parametrize("factor", [1.0, 0.5])
def test_every_photo_has_a_margin_of_its_own(factor):
    head = head_of("elasticface", margin_rad=MARGIN, margin_sigma=SIGMA)
    head.margin_factor = factor
    embeddings, labels = batch()
    margins = drawn_margins(len(labels))
    assert 0.05 < margins.std() < 0.2
    wanted = expected(head, embeddings, labels, added(factor * margins))
    assert loss_of(head, embeddings, labels) == pytest.approx(wanted, rel=1e-5)
    assert loss_of(head, embeddings, labels) != head(embeddings, labels).loss.item()  # drawn anew at every step


def test_plus_gives_the_larger_margins_to_the_wider_angles():
    head = head_of("elasticface", margin_rad=MARGIN, margin_sigma=SIGMA, plus=True)
    embeddings, labels = batch()
    by_angle = np.empty(len(labels))
    # the person's farthest photo gets the largest margin, and so on down
    by_angle[np.argsort(own_cosines(head, embeddings, labels))] = np.sort(drawn_margins(len(labels)))[::-1]
    wanted = expected(head, embeddings, labels, added(by_angle))
    assert loss_of(head, embeddings, labels) == pytest.approx(wanted, rel=1e-5)
    assert abs(wanted - expected(head, embeddings, labels, added(drawn_margins(len(labels))))) > 0.01


def test_without_spread_and_in_evaluation_it_is_arcface():
    embeddings, labels = batch()
    wanted = head_of("arcface", margin_rad=MARGIN)(embeddings, labels).loss.item()
    narrow = head_of("elasticface", margin_rad=MARGIN, margin_sigma=0.0, plus=True)
    assert narrow(embeddings, labels).loss.item() == pytest.approx(wanted, rel=1e-6)
    wide = head_of("elasticface", margin_rad=MARGIN, margin_sigma=1.0).eval()
    assert wide(embeddings, labels).loss.item() == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("plus", [False, True])
def test_gradients_with_drawn_margins(plus):
    head = head_of("elasticface", margin_rad=MARGIN, margin_sigma=SIGMA, plus=plus).double()
    assert gradients_hold(head, *batch(8, dtype=torch.float64))
