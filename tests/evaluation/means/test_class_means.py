import numpy as np
import pytest
from made_people import made_embeddings
from sklearn.neighbors import NearestCentroid

from faceline.evaluation.means.class_means import PersonSums, class_mean_ranks, mean_embeddings, search


def unit(*degrees):
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_means_are_unit_vectors_and_leave_failed_photos_out():
    embeddings = np.vstack([unit(0, 90, 10), [[np.nan, np.nan]]]).astype(np.float32)
    means = mean_embeddings(embeddings, np.array([0, 0, 1, 2]), 4)
    assert np.allclose(means[:2], unit(45, 10))
    assert np.isnan(means[2:]).all()


def test_sums_taken_in_parts_give_the_means_of_all():
    embeddings, person = made_embeddings(5, 7, dim=8)
    order = np.random.default_rng(0).permutation(len(person))
    sums = PersonSums(6)
    for part in np.array_split(order, 4):
        sums.add(embeddings[part], person[part])
    by_person = np.stack([embeddings[person == one].mean(axis=0) for one in range(5)])
    wanted = by_person / np.linalg.norm(by_person, axis=1, keepdims=True)
    assert np.allclose(sums.means()[:5], wanted, atol=1e-6)
    assert np.isnan(sums.means()[5]).all()


def test_a_small_search():
    gallery = unit(0, 90, 180)
    probes = np.vstack([unit(10, 60, 50), [[np.nan, np.nan]], unit(30)]).astype(np.float32)
    found = search(probes, np.array([0, 0, 2, 1, -1]), gallery)
    assert found.rank.tolist() == [1, 2, 3, 0, 0]
    assert found.own[:3] == pytest.approx(np.cos(np.deg2rad([10, 60, 130])))
    assert found.best_other == pytest.approx(np.cos(np.deg2rad([80, 30, 40, np.nan, 30])), nan_ok=True)
    assert np.isnan(found.own[3:]).all()


def test_ties_count_against_the_own_person():
    gallery = unit(0, 0)
    assert search(unit(5), np.array([0]), gallery).rank.tolist() == [2]


def test_people_who_are_not_enrolled_cannot_be_found():
    gallery = unit(0, 90)
    gallery[1] = np.nan
    found = search(unit(80, 10), np.array([1, 0]), gallery)
    assert found.rank.tolist() == [0, 1]
    assert found.best_other[0] == pytest.approx(np.cos(np.deg2rad(80)))


def test_ranks_agree_with_sorting():
    embeddings, person = made_embeddings(15, 4, dim=8)
    gallery = mean_embeddings(embeddings, person, 15)
    found = search(embeddings, person, gallery)
    order = np.argsort(-(embeddings @ gallery.T), axis=1)
    assert found.rank.tolist() == (1 + np.argmax(order == person[:, None], axis=1)).tolist()


def test_nearest_class_mean():
    train = unit(0, 20, 100, 80, 200)
    ranks = class_mean_ranks(train, np.array([5, 5, 2, 2, 9]), unit(15, 60, 190, 40), np.array([5, 5, 9, 4]))
    assert ranks.tolist() == [1, 2, 1, 0]


def test_nearest_mean_is_that_of_normalised_centroids():
    rng = np.random.default_rng(1)
    labels = np.arange(60) % 5
    centres = rng.normal(size=(5, 8))
    vectors = centres[labels] + 0.9 * rng.normal(size=(60, 8))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    oracle = NearestCentroid().fit(vectors[:40], labels[:40])
    oracle.centroids_ /= np.linalg.norm(oracle.centroids_, axis=1, keepdims=True)
    wanted = (oracle.predict(vectors[40:]) == labels[40:]).mean()
    assert 0.3 < wanted < 1
    assert np.mean(class_mean_ranks(vectors[:40], labels[:40], vectors[40:], labels[40:]) == 1) == wanted
