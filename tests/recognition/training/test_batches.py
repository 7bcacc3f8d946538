"""Which photos make up the steps."""

import numpy as np
import pytest

from faceline.core.errors import InputError
from faceline.recognition.training.batches import people_batches, shuffled_batches


def test_shuffled_batches_hold_each_photo_at_most_once():
    batches = shuffled_batches(50, 8, np.random.default_rng(1))
    assert [len(batch) for batch in batches] == [8] * 6
    everything = np.concatenate(batches)
    assert len(np.unique(everything)) == 48
    assert not np.array_equal(everything, np.sort(everything))


def test_a_set_smaller_than_a_batch_is_one_batch():
    (batch,) = shuffled_batches(5, 8, np.random.default_rng(1))
    assert sorted(batch) == [0, 1, 2, 3, 4]


def test_people_batches_are_p_people_of_k_photos():
    labels = np.repeat(np.arange(10), 6)
    batches = people_batches(labels, 4, 3, np.random.default_rng(1))
    assert len(batches) == 60 // 12
    for batch in batches:
        people, photos = np.unique(labels[batch], return_counts=True)
        assert len(people) == 4
        assert (photos == 3).all()
        assert len(np.unique(batch)) == 12


def test_people_take_turns():
    labels = np.repeat(np.arange(6), 8)
    batches = people_batches(labels, 4, 2, np.random.default_rng(1))
    turns = np.bincount(np.concatenate([np.unique(labels[batch]) for batch in batches]), minlength=6)
    assert turns.sum() == 24
    assert turns.max() - turns.min() <= 1


def test_a_person_with_few_photos_gives_some_twice():
    labels = np.array([0, 0, 1, 1, 1, 1, 1])
    for batch in people_batches(labels, 2, 4, np.random.default_rng(1)):
        assert np.bincount(batch[labels[batch] == 0], minlength=2).tolist() == [2, 2]


def test_too_few_people_for_a_batch():
    with pytest.raises(InputError, match="people_per_batch: 5, but there are only 2 people"):
        people_batches(np.array([0, 0, 1, 1]), 5, 2, np.random.default_rng(1))
