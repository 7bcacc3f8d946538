"""Pairs: scores, failures to acquire, and where the photos are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from faceline.core.errors import FacelineError, InputError
from faceline.measuring.verify import Pair, locate, verify_pairs


def people(count: int, photos: int, noise: float, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    vectors = {}
    for person in range(count):
        middle = rng.normal(size=32)
        for photo in range(photos):
            vector = middle + noise * rng.normal(size=32)
            vectors[f"{person}/{photo}"] = vector / np.linalg.norm(vector)
    return vectors


def make_pairs(count: int, each: int, seed: int = 1) -> list[Pair]:
    rng = np.random.default_rng(seed)
    pairs = []
    for fold in range(10):
        for _ in range(each):
            person = rng.integers(count)
            pairs.append(Pair(f"{person}/0", f"{person}/1", True, fold))
        for _ in range(each):
            first, second = rng.choice(count, 2, replace=False)
            pairs.append(Pair(f"{first}/0", f"{second}/1", False, fold))
    return pairs


def test_auc_agrees_with_scikit_learn() -> None:
    vectors, pairs = people(30, 2, noise=2.0), make_pairs(30, 30)
    result = verify_pairs(pairs, vectors)
    scores = [vectors[pair.first] @ vectors[pair.second] for pair in pairs]
    assert result.auc == pytest.approx(roc_auc_score([pair.same for pair in pairs], scores))
    assert 0.5 < result.folds.accuracy < 1


def test_failures_count_against_genuine_pairs_only() -> None:
    vectors, pairs = people(30, 2, noise=0.1), make_pairs(30, 30)
    perfect = verify_pairs(pairs, vectors)
    assert (perfect.folds.accuracy, perfect.auc, perfect.id_rates[0].value) == (1, 1, 1)
    lost = {name: vector for name, vector in vectors.items() if name not in ("0/0", "1/1")}
    result = verify_pairs(pairs, lost)
    genuine = sum(
        pair.same and ("0/0" in (pair.first, pair.second) or "1/1" in (pair.first, pair.second)) for pair in pairs
    )
    impostor = sum(not pair.same and (pair.first == "0/0" or pair.second == "1/1") for pair in pairs)
    assert (result.genuine_failed, result.impostor_failed) == (genuine, impostor)
    assert genuine > 0 < impostor
    assert result.folds.accuracy == pytest.approx(1 - genuine / len(pairs))
    assert result.auc == pytest.approx(1 - genuine / 300)
    assert result.id_rates[0].value == pytest.approx(1 - genuine / 300)


def test_without_a_pair_of_different_people_nothing_is_said() -> None:
    vectors, pairs = people(30, 2, noise=0.1), make_pairs(30, 30)
    first = {pair.first for pair in pairs if not pair.same}
    with pytest.raises(FacelineError, match="no pair of different people has a face in both photos"):
        verify_pairs(pairs, {name: vector for name, vector in vectors.items() if name not in first})


def test_rates_that_too_few_false_matches_would_decide_have_a_reason() -> None:
    result = verify_pairs(make_pairs(30, 30), people(30, 2, noise=2.0))
    rates = {rate.name: rate for rate in result.id_rates}
    assert rates["tpr_at_fpr_1e-1"].value is not None
    assert rates["tpr_at_fpr_1e-1"].reason == ""
    assert rates["tpr_at_fpr_1e-2"].value is None
    assert rates["tpr_at_fpr_1e-2"].reason == "expects 3 false matches of 300 comparisons; 10 are needed"


def test_false_matches_of_few_pairs_of_people_decide_nothing() -> None:
    """Persons 0 and 1 look alike, and 30 of the 33 pairs that may match are of the two."""
    vectors, pairs = people(30, 2, noise=0.1), make_pairs(30, 30)
    vectors |= {f"1/{photo}": vectors[f"0/{photo}"] for photo in (0, 1)}
    pairs += [Pair("0/0", "1/1", False, fold) for fold in range(10) for _ in range(3)]
    rate = verify_pairs(pairs, vectors).id_rates[0]
    assert rate.value is None
    assert rate.reason.startswith("the false matches come from")
    assert rate.reason.endswith("pairs of people; 10 are needed")


def test_photos_are_found_whatever_their_type(tmp_path: Path) -> None:
    for name in ("Ann/Ann_0001.jpg", "Bob/Bob_0002.PNG"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    pairs = [Pair("Ann/Ann_0001", "Bob/Bob_0002", False, 0)]
    assert [path.name for path in locate(pairs, tmp_path).values()] == ["Ann_0001.jpg", "Bob_0002.PNG"]
    with pytest.raises(InputError, match="Bob_0003"):
        locate([Pair("Ann/Ann_0001", "Bob/Bob_0003", False, 0)], tmp_path)
    (tmp_path / "Ann/Ann_0001.png").touch()
    with pytest.raises(InputError, match="two photos"):
        locate(pairs, tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        locate(pairs, tmp_path / "gone")
