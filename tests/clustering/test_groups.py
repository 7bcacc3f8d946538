"""Groups of faces whose people are far apart, and what names them."""

import numpy as np
import pytest
from made_people import made_embeddings

from faceline.clustering import groups
from faceline.clustering.groups import face_groups, group_id
from faceline.core.errors import InputError


def test_people_far_apart_are_groups_the_largest_first():
    embeddings, person = made_embeddings(6, 9, dim=64, scatter=0.2)
    kept = np.flatnonzero(np.arange(len(person)) % 9 < 2 + person)  # 2 to 7 photos
    order = np.random.default_rng(0).permutation(kept)
    stranger = made_embeddings(1, 1, dim=64, seed=9)[0]
    found = face_groups(np.concatenate([embeddings[order], stranger]))
    assert found.count == 6
    people = [sorted(set(person[order][found.number[:-1] == number])) for number in range(6)]
    assert people == [[5], [4], [3], [2], [1], [0]]
    assert found.strength[:-1].min() > 0.3
    assert found.strength[-1] < 0.1


@pytest.mark.parametrize("distance", [0, 0.01, 0.05])
def test_copies_do_not_take_a_group_apart(distance):
    embeddings, person = made_embeddings(12, 8, dim=64, scatter=0.7, seed=3)
    again = np.flatnonzero(np.arange(len(person)) % 8 == 0)  # one more of everybody's first photo, almost the same
    noise = np.random.default_rng(1).normal(size=(len(again), 64))
    near = embeddings[again] + np.sqrt(2 * distance / 64) * noise
    copies = near / np.linalg.norm(near, axis=1, keepdims=True)
    found = face_groups(np.concatenate([embeddings, copies])).number
    whose = np.concatenate([person, person[again]])
    assert found.max() == 11
    for group in range(12):
        assert len(set(whose[found == group])) == 1
        assert (found == group).sum() >= 8


def test_a_group_has_so_many_faces_at_least():
    embeddings, person = made_embeddings(4, 5, dim=64, scatter=0.2)
    kept = np.concatenate([np.flatnonzero(person != 0), np.flatnonzero(person == 0)[:2]])
    found = face_groups(embeddings[kept], min_faces=4).number
    assert found[-2:].tolist() == [-1, -1]
    assert sorted(np.bincount(found[:-2]).tolist()) == [5, 5, 5]


@pytest.mark.parametrize("faces", [0, 1, 2])
def test_too_few_faces_are_no_group(faces):
    found = face_groups(np.eye(4, dtype=np.float32)[:faces])
    assert (found.number.tolist(), found.count) == ([-1] * faces, 0)


def test_too_many_faces_are_refused(monkeypatch):
    monkeypatch.setattr(groups, "MAX_FACES", 3)
    with pytest.raises(InputError, match="4 faces to group, 3 are the most"):
        face_groups(np.eye(4))


def test_the_name_of_a_group_stands_for_its_faces():
    faces = [("a.jpg", 0), ("b.jpg", 1)]
    assert group_id(faces) == group_id(faces[::-1])
    assert len({group_id(faces), group_id(faces[:1]), group_id([("a.jpg", 1), ("b.jpg", 0)])}) == 3
    assert len(group_id([("caf\udce9.jpg", 0)])) == 8
