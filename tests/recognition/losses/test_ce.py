"""Cross entropy against its formula."""

import numpy as np
import pytest
from tiny_heads import PEOPLE, batch, head_of


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_it_is_cross_entropy_of_a_linear_layer(smoothing):
    head = head_of("ce", label_smoothing=smoothing)
    embeddings, labels = batch()
    logits = embeddings.numpy() @ head.linear.weight.detach().numpy().T + head.linear.bias.detach().numpy()
    log_softmax = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    goal = np.full(logits.shape, smoothing / PEOPLE)
    goal[np.arange(len(labels)), labels.numpy()] += 1 - smoothing
    assert head(embeddings, labels).loss.item() == pytest.approx(-(goal * log_softmax).sum(1).mean(), rel=1e-5)
