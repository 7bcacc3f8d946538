"""The figures that choose a checkpoint."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestCentroid

from faceline.recognition.training.validation import Validation, area_under_roc, nearest_mean_accuracy


def test_area_under_roc_is_sklearns_with_ties():
    rng = np.random.default_rng(1)
    genuine = rng.normal(0.5, 0.4, 200).round(1)
    impostor = rng.normal(0, 0.4, 900).round(1)
    truth = np.r_[np.ones(200), np.zeros(900)]
    wanted = roc_auc_score(truth, np.r_[genuine, impostor])
    assert area_under_roc(genuine, impostor) == pytest.approx(wanted)


def test_nearest_mean_is_that_of_normalised_centroids():
    rng = np.random.default_rng(1)
    labels = np.arange(60) % 5
    centres = rng.normal(size=(5, 8))
    unit = centres[labels] + 0.9 * rng.normal(size=(60, 8))
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    oracle = NearestCentroid().fit(unit[:40], labels[:40])
    oracle.centroids_ /= np.linalg.norm(oracle.centroids_, axis=1, keepdims=True)
    wanted = (oracle.predict(unit[40:]) == labels[40:]).mean()
    assert 0.3 < wanted < 1
    assert nearest_mean_accuracy(unit[:40], labels[:40], unit[40:], labels[40:]) == wanted


def test_the_area_decides_ties_and_the_later_epoch_when_all_is_equal():
    assert Validation(0.5, 0.9, 0).at_least(None)
    assert Validation(0.5, 0.91, 0).at_least(Validation(0.5, 0.9, 1))
    assert not Validation(0.5, 0.9, 1).at_least(Validation(0.5, 0.91, 0))
    assert not Validation(0.4, 1.0, 1).at_least(Validation(0.5, 0.9, 0))
    assert Validation(0.5, 0.9, 0).at_least(Validation(0.5, 0.9, 1))
