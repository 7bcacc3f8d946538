"""Labels that the benchmark changes, and what it counts."""

import numpy as np
import pandas as pd
import pytest
from made_people import made_embeddings

from benchmarks.labels import SPLIT_PEOPLE, Photos, half_of, measure_split, measure_wrong, with_split_people
from benchmarks.labels import with_wrong_labels as wrong_labels


@pytest.fixture
def photos():
    embeddings, person = made_embeddings(30, 12, dim=64, scatter=0.8, seed=2)
    rows = pd.DataFrame({"image_id": [f"{n}.jpg" for n in range(len(person))], "person": person})
    return Photos(rows, embeddings, 0)


def test_a_share_of_the_labels_is_other_peoples(photos):
    person = photos.rows.person.to_numpy()
    mixed = wrong_labels(person, 0.05, 1)
    assert (mixed != person).sum() == round(0.05 * len(person))
    assert set(mixed) <= set(person)
    assert (wrong_labels(person, 0.05, 1) == mixed).all()
    assert (wrong_labels(person, 0.05, 2) != mixed).any()


def test_split_people_keep_half_of_their_photos(photos):
    person = photos.rows.person.to_numpy()
    mixed, new = with_split_people(person, 1)
    assert len(new) == SPLIT_PEOPLE
    for name, other in new.items():
        assert other not in person
        assert [(mixed == one).sum() for one in (name, other)] == [6, 6]
        assert set(person[mixed == other]) == {name}


def test_halves_share_nobody(photos):
    few = Photos(photos.rows[:-10], photos.embeddings[:-10], 0)  # the last person has two photos left
    people = [set(half_of(few, half).rows.person) for half in ("dev", "test")]
    assert not people[0] & people[1]
    assert people[0] | people[1] == set(range(29))


def test_what_is_found_is_counted(photos):
    wrong, found, others = measure_wrong(photos, 0.02, 1)["either"]
    assert (wrong, found) == (7, 7)
    assert others < 8
    assert measure_split(photos, 1) == (SPLIT_PEOPLE, SPLIT_PEOPLE, 0)
    assert measure_wrong(photos, 0.02, 1)["both"][1] <= found


def test_photos_keep_their_embeddings(photos):
    half = half_of(photos, "test")
    places = [int(name.removesuffix(".jpg")) for name in half.rows.image_id]
    assert np.array_equal(half.embeddings, photos.embeddings[places])
