"""Triplet loss against pytorch-metric-learning and triplets mined one by one, its collapse, and its batches."""

import numpy as np
import pytest
import torch
from pytorch_metric_learning import distances, losses, miners
from tiny_heads import DIM, batch, head_of
from torch.nn import functional as F

from faceline.core.errors import FacelineError, InputError
from faceline.recognition.losses.triplet.head import COLLAPSED_STEPS


def people_batches(labels, people, photos, rng):
    return head_of("triplet", people_per_batch=people, photos_per_person=photos).batches(labels, 1, rng)


@pytest.mark.parametrize("mining", ["batch_hard", "semi_hard"])
def test_it_agrees_with_metric_learning(mining):
    # wide apart: every anchor and positive has a negative farther away, where all define semi-hard alike
    embeddings, labels = batch(24, dtype=torch.float64)
    embeddings += 4 * F.one_hot(labels, DIM)
    distance = distances.CosineSimilarity()
    oracle = losses.TripletMarginLoss(margin=0.3, distance=distance)
    output = head_of("triplet", mining=mining, margin_cos=0.3)(embeddings, labels)
    if mining == "batch_hard":
        triplets = miners.BatchHardMiner(distance=distance)(embeddings, labels)
    else:
        triplets = hand_mined(embeddings, labels)
    assert output.loss.item() == pytest.approx(oracle(embeddings, labels, triplets).item(), rel=1e-6)
    unit = F.normalize(embeddings)
    anchor, positive, negative = triplets
    violations = (unit[anchor] * (unit[negative] - unit[positive])).sum(1) + 0.3
    assert output.statistics["active_share"].item() == pytest.approx((violations > 0).double().mean().item())
    upper = (1 - unit @ unit.T)[torch.triu_indices(24, 24, 1).unbind()]
    assert output.statistics["mean_distance"].item() == pytest.approx(upper.mean().item())


def hand_mined(embeddings, labels):
    """Semi-hard triplets one by one."""
    unit = F.normalize(embeddings).numpy()
    apart = 1 - unit @ unit.T
    chosen = []
    for a in range(len(labels)):
        negatives = [n for n in range(len(labels)) if labels[n] != labels[a]]
        for p in range(len(labels)):
            if p != a and labels[p] == labels[a]:
                farther = [n for n in negatives if apart[a, n] > apart[a, p]]
                pick = (
                    min(farther, key=lambda n: apart[a, n]) if farther else max(negatives, key=lambda n: apart[a, n])
                )
                chosen.append((a, p, pick))
    return tuple(torch.tensor(column) for column in zip(*chosen, strict=True))


def test_triplets_need_positives_and_negatives():
    head = head_of("triplet")
    embeddings, _ = batch(4)
    embeddings.requires_grad_()
    for labels in (torch.arange(4), torch.zeros(4, dtype=torch.long)):
        output = head(embeddings, labels)
        output.loss.backward()
        assert output.loss.item() == 0
        assert torch.isfinite(embeddings.grad).all()


def test_collapse_is_an_error_after_many_steps():
    head = head_of("triplet")
    same = torch.ones(8, DIM) + 1e-4 * torch.randn(8, DIM, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(8) // 2

    def step(rows):
        head.check({name: value.item() for name, value in head(rows, labels).statistics.items()})

    for _ in range(COLLAPSED_STEPS - 1):
        step(same)
    spread, _ = batch(8)
    step(spread)  # one good step, and counting starts anew
    for _ in range(COLLAPSED_STEPS - 1):
        step(same)
    with pytest.raises(FacelineError, match=r"all embeddings have been the same.*learning_rate"):
        step(same)


def test_people_batches_are_p_people_of_k_photos():
    labels = np.repeat(np.arange(10), 6)
    batches = people_batches(labels, 4, 3, np.random.default_rng(1))
    assert len(batches) == 60 // 12
    for step in batches:
        people, photos = np.unique(labels[step], return_counts=True)
        assert len(people) == 4
        assert (photos == 3).all()
        assert len(np.unique(step)) == 12


def test_people_take_turns():
    labels = np.repeat(np.arange(6), 8)
    batches = people_batches(labels, 4, 2, np.random.default_rng(1))
    turns = np.bincount(np.concatenate([np.unique(labels[batch]) for batch in batches]), minlength=6)
    assert turns.sum() == 24
    assert turns.max() - turns.min() <= 1


def test_a_person_with_few_photos_gives_some_twice():
    labels = np.array([0, 0, 1, 1, 1, 1, 1])
    for step in people_batches(labels, 2, 4, np.random.default_rng(1)):
        assert np.bincount(step[labels[step] == 0], minlength=2).tolist() == [2, 2]


def test_too_few_people_for_a_batch():
    with pytest.raises(InputError, match="people_per_batch: 5, but there are 2 people"):
        people_batches(np.array([0, 0, 1, 1]), 5, 2, np.random.default_rng(1))


def test_the_heads_batches_are_those_of_its_parameters():
    head = head_of("triplet", people_per_batch=3, photos_per_person=2)
    labels = np.repeat(np.arange(5), 4)
    (first, *others) = head.batches(labels, 48, np.random.default_rng(1))
    assert len(first) == head.photos_per_step(48) == 6
    assert np.unique(labels[first], return_counts=True)[1].tolist() == [2, 2, 2]
    assert len(others) == 2
