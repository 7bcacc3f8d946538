"""Wrong labels put among made people, found again."""

import numpy as np
import pandas as pd
import pytest
from made_people import made_embeddings

from faceline.core.errors import InputError
from faceline.labels.doubtful import doubtful_labels, robust_limit

PEOPLE, PHOTOS = 20, 10


@pytest.fixture
def made():
    embeddings, person = made_embeddings(PEOPLE, PHOTOS, dim=64, scatter=0.8, seed=5)
    names = [f"{number:03d}.jpg" for number in range(len(person))]
    return pd.DataFrame({"image_id": names, "person": person}), embeddings


def test_photos_under_a_wrong_name_come_first(made):
    rows, embeddings = made
    wrong = {7: 3, 55: 12, 120: 0}
    mixed = rows.assign(person=[wrong.get(row, person) for row, person in enumerate(rows.person)])
    found = doubtful_labels(mixed, embeddings)
    listed = found.photos.set_index("image_id")
    assert set(listed.index[:3]) == {"007.jpg", "055.jpg", "120.jpg"}
    assert len(listed) <= 3 + 0.02 * len(rows)
    for row in wrong:
        one = listed.loc[f"{row:03d}.jpg"]
        assert (one.person, one.other_person, one.reason) == (wrong[row], rows.person[row], "far; other_nearer")
        own = embeddings[(mixed.person == one.person) & (mixed.index != row)].mean(axis=0)
        assert one.similarity == pytest.approx(embeddings[row] @ own / np.linalg.norm(own), abs=0.05)
        assert one.similarity < found.far_below < one.other_similarity
    assert found.pairs.empty
    assert (found.judged, found.people) == (len(rows), PEOPLE)


def test_one_person_under_two_names_is_a_pair(made):
    rows, embeddings = made
    split = rows.assign(person=[person + 100 * (person == 4 and row % 2) for row, person in enumerate(rows.person)])
    found = doubtful_labels(split, embeddings)
    assert found.pairs[["person", "other_person", "photos", "other_photos"]].to_numpy().tolist() == [[4, 104, 5, 5]]
    assert found.pairs.similarity[0] >= found.same_from
    assert not set(found.photos.person) & {4, 104}  # that each is near the other is no fault of the photos
    assert doubtful_labels(rows, embeddings).pairs.empty


def test_where_a_recogniser_cannot_tell_no_pairs_are_listed(made):
    rows, _ = made
    noise = np.random.default_rng(2).normal(size=(len(rows), 64))
    found = doubtful_labels(rows, noise / np.linalg.norm(noise, axis=1, keepdims=True))
    assert np.isnan(found.same_from)
    assert found.pairs.empty
    assert -0.5 < found.far_below < 0.5
    assert len(found.photos) > len(rows) / 2  # and doubts about almost every photo


def test_photos_without_a_face_and_people_of_few_photos_are_not_judged(made):
    rows, whole = made
    embeddings = whole.copy()
    embeddings[2:PHOTOS] = np.nan  # of person 0 two photos are left
    embeddings[0] = embeddings[PHOTOS]
    found = doubtful_labels(rows, embeddings)
    assert found.judged == len(rows) - PHOTOS
    assert not {f"{row:03d}.jpg" for row in range(PHOTOS)} & set(found.photos.image_id)
    with pytest.raises(InputError, match="1 of 2 people have 3 photos"):
        doubtful_labels(rows[:12], whole[:12])


def test_people_may_have_names(made):
    rows, embeddings = made
    named = rows.assign(person=[f"P{person}" for person in rows.person])
    named.loc[7, "person"] = "P9"
    first = doubtful_labels(named, embeddings).photos.iloc[0]
    assert (first.image_id, first.person, first.other_person) == ("007.jpg", "P9", "P0")


def test_far_is_what_one_stranger_in_a_hundred_is_nearer_than(made):
    rows, embeddings = made
    person = rows.person.to_numpy()
    means = np.stack([embeddings[person == one].mean(axis=0) for one in range(PEOPLE)])
    scores = embeddings @ (means / np.linalg.norm(means, axis=1, keepdims=True)).T
    strangers = scores[person[:, None] != np.arange(PEOPLE)]
    assert (strangers > doubtful_labels(rows, embeddings).far_below).mean() == pytest.approx(0.01, abs=0.005)


def test_one_person_under_two_names_makes_nobody_far(made):
    """Among few people a pair under two names is many of all comparisons."""
    rows, embeddings = made
    few = rows.person < 6
    split = rows.person[few] + 100 * ((rows.person[few] == 4) & (rows.index[few] % 2 == 1))
    found = doubtful_labels(rows[few].assign(person=split), embeddings[few])
    assert not [reason for reason in found.photos.reason if "far" in reason]


def test_a_limit_is_so_many_standard_deviations_of_what_most_values_follow():
    values = np.random.default_rng(0).normal(0.6, 0.05, 20_000)
    assert robust_limit(values, -3) == pytest.approx(0.45, abs=0.005)
    assert robust_limit(np.concatenate([values, np.zeros(1000)]), -3) == pytest.approx(0.45, abs=0.02)
    counts, edges = np.histogram(values, 2000)
    assert robust_limit((edges[:-1] + edges[1:]) / 2, 2, counts) == pytest.approx(0.7, abs=0.005)
