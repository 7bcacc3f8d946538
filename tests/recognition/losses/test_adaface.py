"""AdaFace against its formula, and its running averages."""

import numpy as np
import pytest
from tiny_heads import batch, expected, head_of


def test_clear_photos_are_held_to_more():
    head = head_of("adaface", margin=0.4, norm_concentration=0.333)
    embeddings, labels = batch()
    norms = np.linalg.norm(embeddings.numpy(), axis=1)
    quality = np.clip(0.333 * (norms - norms.mean()) / (norms.std() + 1e-3), -1, 1)
    assert quality.std() > 0.1

    def target(cosine):
        return np.cos(np.clip(np.arccos(cosine) - 0.4 * quality, 0, np.pi)) - (0.4 + 0.4 * quality)

    wanted = expected(head, embeddings, labels, target)
    assert head(embeddings, labels).loss.item() == pytest.approx(wanted, rel=1e-4)


def test_it_follows_the_norms_slowly():
    head = head_of("adaface", norm_momentum=0.01)
    embeddings, labels = batch()
    head(embeddings, labels)
    before = head.norm_mean.item()
    assert before == pytest.approx(embeddings.norm(dim=1).mean().item(), rel=1e-5)
    head(2 * embeddings, labels)
    assert head.norm_mean.item() == pytest.approx(1.01 * before, rel=1e-5)
    head.eval()
    head(9 * embeddings, labels)
    assert head.norm_mean.item() == pytest.approx(1.01 * before, rel=1e-5)
