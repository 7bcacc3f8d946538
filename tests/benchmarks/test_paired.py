import numpy as np
import pandas as pd
import pytest

from benchmarks.paired import paired_accuracy, paired_differences, paired_identification
from faceline.core.errors import InputError
from faceline.evaluation.embeddings.table import EmbeddingTable
from faceline.evaluation.recognition.identification import references
from faceline.evaluation.verification.comparisons import Comparisons


def people(noise, seed, persons=40, photos=8, names=None):
    """Unit vectors round a direction a person; more noise, worse recognition. The directions are always the same."""
    centres = np.random.default_rng(0).normal(size=(persons, 32))
    rng = np.random.default_rng(seed)
    vectors = np.repeat(centres, photos, axis=0) + rng.normal(size=(persons * photos, 32)) * noise
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels = np.arange(persons) if names is None else names
    return Comparisons.of(vectors.astype(np.float32), np.repeat(labels, photos))


def test_a_clear_difference_is_claimed_and_has_its_sign():
    runs = {"poor": [people(1.6, seed) for seed in (1, 2, 3)], "good": [people(1.1, seed) for seed in (4, 5, 6)]}
    (difference,) = paired_differences(runs, 0.01, 200, seed=1)
    assert (difference.first, difference.second) == ("poor", "good")
    assert difference.value < -0.1
    assert difference.low < difference.value < difference.high < 0
    assert difference.claimed


def test_equal_recipes_are_not_told_apart():
    runs = {"a": [people(1.4, seed) for seed in (1, 2, 3)], "b": [people(1.4, seed) for seed in (4, 5, 6)]}
    (difference,) = paired_differences(runs, 0.01, 200, seed=1)
    assert not difference.claimed
    assert abs(difference.value) < 0.05
    assert difference.low < 0 < difference.high


def test_what_hangs_on_the_seeds_drawn_is_not_claimed():
    """The spread over seeds is as large as the difference, and resamples of people move both entries alike."""
    runs = {
        "a": [people(noise, seed) for seed, noise in enumerate((1.1, 1.4, 1.7))],
        "b": [people(noise, seed) for seed, noise in enumerate((1.3, 1.6, 1.9))],
    }
    (difference,) = paired_differences(runs, 0.01, 200, seed=1)
    assert difference.value > 0.1
    assert difference.low < 0 < difference.high
    assert not difference.claimed
    assert difference.reason == ""


def test_a_group_paired_with_itself_differs_by_nothing():
    runs = [people(1.4, seed) for seed in (1, 2)]
    (difference,) = paired_differences({"a": runs, "b": runs}, 0.05, 100, seed=1)
    assert (difference.value, difference.p) == (0, 1)
    assert difference.low == -difference.high < 0


def test_one_seed_has_a_difference_and_no_claim():
    runs = {"poor": [people(1.6, 1)], "good": [people(1.1, 2), people(1.1, 3)]}
    (difference,) = paired_differences(runs, 0.01, 100, seed=1)
    assert difference.value < -0.1
    assert (difference.low, difference.high, difference.p) == (None, None, None)
    assert not difference.claimed
    assert "two seeds" in difference.reason


def test_nothing_is_claimed_where_one_run_has_too_few_false_matches():
    """40 people of 2 photos: 3120 impostor pairs, of which an FPR of 1e-3 lets three pass."""
    runs = {
        "poor": [people(3.0, seed, photos=2) for seed in (1, 2, 3)],
        "good": [people(0.5, seed, photos=2) for seed in (4, 5, 6)],
    }
    (difference,) = paired_differences(runs, 0.001, 100, seed=1)
    assert (difference.value, difference.low, difference.high, difference.p) == (None, None, None, None)
    assert not difference.claimed
    assert difference.reason.startswith("poor: expects 3.12 false matches of 3120 comparisons")
    (difference,) = paired_differences(runs, 0.01, 100, seed=1)
    assert difference.claimed
    assert difference.reason == ""


def test_pairing_needs_the_same_people():
    with pytest.raises(InputError, match="same query people"):
        paired_differences({"a": [people(1, 1)], "b": [people(1, 1, names=np.arange(40) + 1)]}, 0.05, 100, seed=1)


def test_every_two_groups_are_compared_once():
    runs = {name: [people(1.3, 2 * seed), people(1.3, 2 * seed + 1)] for seed, name in enumerate("abc")}
    pairs = [(d.first, d.second) for d in paired_differences(runs, 0.05, 100, seed=1)]
    assert pairs == [("a", "b"), ("a", "c"), ("b", "c")]


def trained(noise, seed, people=30):
    """Train people's photos as a table: two that were trained on and three kept back, each."""
    rows = [
        (person, "train", split) for person in range(people) for split in ("train", "train", "test", "test", "test")
    ]
    rows = pd.DataFrame(rows, columns=["person", "role", "split"]).assign(status="ok")
    centres = np.random.default_rng(0).normal(size=(people, 16))
    vectors = centres[rows.person] + noise * np.random.default_rng(seed).normal(size=(len(rows), 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return EmbeddingTable(rows, vectors.astype(np.float32))


def accuracy(table):
    """Nearest class mean, said in another entry."""
    known = table.rows.split == "train"
    means = np.array([table.embeddings[known & (table.rows.person == one)].mean(axis=0) for one in range(30)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    return np.mean((table.embeddings[~known] @ means.T).argmax(axis=1) == table.rows.person[~known])


def test_accuracy_is_compared_on_the_same_photos():
    runs = {"poor": [trained(1.5, 1), trained(1.5, 2)], "good": [trained(0.8, seed) for seed in (3, 4, 5)]}
    (difference,) = paired_accuracy(runs, 300, seed=1)
    means = {name: np.mean([accuracy(table) for table in group]) for name, group in runs.items()}
    assert difference.value == pytest.approx(means["poor"] - means["good"])
    assert difference.low < difference.value < difference.high < 0


def test_the_more_pairs_are_compared_the_less_is_claimed():
    groups = {"a": (1.2, (1, 2, 3)), "b": (1.46, (4, 5, 6)), "c": (1.2, (7, 8, 9)), "one seed": (1.2, (10,))}
    runs = {name: [trained(noise, seed) for seed in seeds] for name, (noise, seeds) in groups.items()}
    together = {(d.first, d.second): d for d in paired_accuracy(runs, 300, seed=1)}
    alone = {
        (a, b): paired_accuracy({a: runs[a], b: runs[b]}, 300, seed=1)[0]
        for a, b in (("a", "b"), ("a", "c"), ("b", "c"))
    }
    # the smallest p three times, the next twice; a pair without an interval is none that is tested
    smallest, middle, largest = sorted(alone, key=lambda pair: alone[pair].p)
    assert together[smallest].p == pytest.approx(3 * alone[smallest].p)
    assert together[middle].p == pytest.approx(max(2 * alone[middle].p, 3 * alone[smallest].p))
    assert together[largest].p == pytest.approx(max(alone[largest].p, together[middle].p))
    for pair, one in alone.items():
        assert (together[pair].low, together[pair].high) == (one.low, one.high)
    assert together[("a", "one seed")].p is None
    assert [alone[pair].claimed for pair in (smallest, middle, largest)] == [True, True, False]
    assert [together[pair].claimed for pair in (smallest, middle, largest)] == [True, False, False]


def test_accuracies_of_other_photos_are_refused():
    with pytest.raises(InputError, match="same test photos"):
        paired_accuracy({"a": [trained(1, 1)], "b": [trained(1, 1, people=31)]}, 10, seed=1)


def searched(noise, seed, people=30, photos=8, strangers=40):
    """Query people and, a photo each, distractors, as a table."""
    roles = ["query"] * (people * photos) + ["distractor"] * strangers
    person = np.append(np.repeat(np.arange(people), photos), people + np.arange(strangers))
    rows = pd.DataFrame({"image_id": [f"{row}.jpg" for row in range(len(person))], "person": person, "role": roles})
    centres = np.random.default_rng(0).normal(size=(people + strangers, 16))
    vectors = centres[person] + noise * np.random.default_rng(seed).normal(size=(len(person), 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return EmbeddingTable(rows.assign(status="ok", split=""), vectors.astype(np.float32))


def tpir(table, fpir):
    """Search by search: a probe among everybody, the same probe without its own person, and each distractor."""
    person = table.rows.person.to_numpy()
    query = (table.rows.role == "query").to_numpy()
    enrolled = query.copy()
    enrolled[query] = references(table.rows.image_id[query], person[query])
    templates = {one: table.embeddings[enrolled & (person == one)].mean(axis=0) for one in np.unique(person[query])}
    hits, alarms = [], []
    for vector, own, probe in zip(table.embeddings, person, query & ~enrolled, strict=True):
        scores = {one: vector @ mean / np.linalg.norm(mean) for one, mean in templates.items()}
        if probe:
            hits.append(scores[own] if max(scores, key=scores.get) == own else -np.inf)
        if probe or own not in templates:
            alarms.append(max(score for one, score in scores.items() if one != own))
    threshold = sorted(alarms, reverse=True)[int(fpir * len(alarms))]
    return np.mean(np.array(hits) > threshold)


def test_identification_is_compared_on_the_same_people():
    runs = {"poor": [searched(1.3, 1), searched(1.3, 2)], "good": [searched(0.8, seed) for seed in (3, 4, 5)]}
    (difference,) = paired_identification(runs, 0.1, 300, seed=1)
    means = {name: np.mean([tpir(table, 0.1) for table in group]) for name, group in runs.items()}
    assert difference.value == pytest.approx(means["poor"] - means["good"])
    assert difference.low < difference.value < difference.high < 0
    assert difference.claimed


def test_identification_keeps_the_reason_for_no_figure():
    runs = {"few": [searched(0.8, seed, people=4, photos=3, strangers=2) for seed in (1, 2)]}
    (difference,) = paired_identification({**runs, "more": runs["few"]}, 0.1, 50, seed=1)
    assert (difference.value, difference.claimed) == (None, False)
    assert difference.reason.startswith("few: expects")
    with pytest.raises(InputError, match="same query people"):
        paired_identification({"a": [searched(1, 1)], "b": [searched(1, 1, people=31)]}, 0.1, 10, seed=1)
