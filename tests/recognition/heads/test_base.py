"""The contract of every loss, and the batches that most of them take."""

import numpy as np
import pytest
import torch
from tiny_heads import DIM, PEOPLE, batch, gradients_hold, head_of

from faceline.recognition.heads.cosine import CosineHead
from faceline.recognition.heads.registry import loss_names


@pytest.mark.parametrize("name", loss_names())
def test_signature_is_the_same_for_all(name):
    head = head_of(name)
    embeddings, labels = batch()
    output = head(embeddings, labels)
    assert output.loss.shape == ()
    assert output.loss > 0
    assert all(value.shape == () and not value.requires_grad for value in output.statistics.values())
    scores = head.predict(embeddings)
    assert scores is None if name == "triplet" else scores.shape == (len(labels), PEOPLE)


@pytest.mark.parametrize("name", loss_names())
def test_gradients_are_those_of_finite_differences(name):
    head = head_of(name).double().eval()  # running averages stand still
    embeddings, labels = batch(8, dtype=torch.float64)
    if name == "adaface":  # the norm only sets the margin and is no path for gradients: hold it still
        head.norm_mean.fill_(9.0)
        head.norm_spread.fill_(2.0)
        plain = head.with_margin
        head.with_margin = lambda cosine, _: plain(cosine, embeddings)
    assert gradients_hold(head, embeddings, labels)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("count", [1, 512])
@pytest.mark.parametrize("name", loss_names())
def test_finite_at_the_ends(name, count, dtype):
    head = head_of(name)
    weight = (
        head.weight[: PEOPLE * head.centers : head.centers]
        if isinstance(head, CosineHead)
        else head_of("arcface").weight
    )
    labels = torch.arange(count) % PEOPLE
    sign = 1 - 2 * (torch.arange(count) // PEOPLE % 2)[:, None]
    for rows in (1e3 * weight.detach()[labels] * sign, torch.zeros(count, DIM), 1e-20 * weight.detach()[labels]):
        embeddings = rows.to(dtype).requires_grad_()
        head.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
            output = head(embeddings, labels)
        output.loss.backward()
        assert output.loss.dtype == torch.float32
        assert torch.isfinite(output.loss)
        assert torch.isfinite(embeddings.grad).all()
        assert all(torch.isfinite(value.grad).all() for value in head.parameters())
        assert all(torch.isfinite(value) for value in output.statistics.values()) or count == 1


def test_batches_hold_each_photo_at_most_once():
    head = head_of("ce")
    assert head.photos_per_step(8) == 8
    batches = head.batches(np.arange(50) % PEOPLE, 8, np.random.default_rng(1))
    assert [len(batch) for batch in batches] == [8] * 6
    everything = np.concatenate(batches)
    assert len(np.unique(everything)) == 48
    assert not np.array_equal(everything, np.sort(everything))


def test_a_set_smaller_than_a_batch_is_one_batch():
    (batch,) = head_of("ce").batches(np.arange(5), 8, np.random.default_rng(1))
    assert sorted(batch) == [0, 1, 2, 3, 4]
