import hashlib

import numpy as np
import pytest
from made_people import made_calibration, made_embeddings, made_table

from faceline.evaluation.means.class_means import mean_embeddings, search
from faceline.evaluation.recognition.identification import (
    Searches,
    frozen_rates,
    open_set,
    rank_rates,
    references,
    search_figures,
)
from faceline.evaluation.verification.calibration import Calibration
from faceline.evaluation.verification.intervals import person_weights
from faceline.evaluation.verification.roles import dev_comparisons


def unit(*degrees):
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_references_are_the_first_half_by_hash_whatever_the_order():
    ids = np.array([f"{number:06d}.jpg" for number in range(12)])
    persons = np.array([7] * 6 + [3] * 5 + [9])
    chosen = references(ids, persons)
    for person, wanted in ((7, 3), (3, 2), (9, 1)):
        own = sorted(ids[persons == person], key=lambda name: hashlib.sha256(name.encode()).digest())
        assert set(ids[chosen & (persons == person)]) == set(own[:wanted])
    order = np.random.default_rng(0).permutation(12)
    assert np.array_equal(references(ids[order], persons[order]), chosen[order])


def test_cmc():
    ranks = np.array([1, 1, 3, 2, 0])
    assert rank_rates(ranks, 4) == pytest.approx([0.4, 0.6, 0.8, 0.8])
    weights = np.array([[1, 1, 1, 1, 1], [2, 0, 0, 0, 3]])
    assert rank_rates(ranks, 1, weights)[:, 0] == pytest.approx([0.4, 0.4])


def test_a_small_open_set():
    """Six non-mated searches: best scores of four probes among the others and of two strangers."""
    gallery = unit(0, 90)
    mated = search(unit(0, 40, 90, 60), np.array([0, 0, 1, 0]), gallery)
    outsiders = search(unit(-30, 200), np.array([-1, -1]), gallery)
    everybody = np.sort(np.concatenate([mated.best_other, outsiders.best_other]))[::-1]
    labels = np.array([7, 8])
    point = open_set(Searches(mated, np.array([0, 0, 1, 0]), outsiders, labels, np.ones((1, 2))), 1 / 3)
    assert point.threshold == pytest.approx(everybody[2])  # cos 50 = 0.643 after cos 30, twice
    # probe 4 (cos 60) finds the other person first; the rest pass: 1, cos 40 = 0.766, 1
    assert point.tpir == pytest.approx(3 / 4)
    assert point.resampled == pytest.approx([3 / 4])
    assert "expects 2 false positive identifications of 6" in point.reason


def test_open_set_resamples_probes_by_their_people():
    embeddings, person = made_embeddings(20, 4, dim=12, scatter=1.2)
    gallery = mean_embeddings(embeddings[::2], person[::2], 20)
    probes, who = embeddings[1::2], person[1::2]
    strangers, stranger = made_embeddings(30, 3, dim=12, seed=9)
    mated = search(probes, who, gallery)
    outsiders = search(strangers, np.full(90, -1), gallery)
    weights = person_weights(20, 4, seed=1)
    point = open_set(Searches(mated, who, outsiders, stranger, weights), 0.1)
    assert point.reason == ""
    for row, drawn in enumerate(weights):
        copies = np.repeat(np.arange(len(who)), drawn[who])
        scores = np.sort(np.concatenate([mated.best_other[copies], outsiders.best_other]))[::-1]
        threshold = scores[int(0.1 * len(scores) + 1e-9)]
        hits = (mated.rank[copies] == 1) & (mated.own[copies] > threshold)
        assert point.resampled[row] == pytest.approx(hits.mean())


def test_open_set_counts_failed_probes_as_not_found():
    gallery = unit(0, 90)
    probes = np.vstack([unit(0, 90), [[np.nan, np.nan]]]).astype(np.float32)
    mated = search(probes, np.array([0, 1, 1]), gallery)
    outsiders = search(unit(180, 190, 200), np.full(3, -1), gallery)
    point = open_set(Searches(mated, np.array([0, 1, 1]), outsiders, np.arange(3), np.ones((1, 2))), 0.2)
    assert point.tpir == pytest.approx(2 / 3)


def test_false_positives_of_few_people_are_too_few():
    gallery = unit(0, 90)
    mated = search(unit(0, 90), np.array([0, 1]), gallery)
    outsiders = search(unit(*np.linspace(20, 70, 200)), np.full(200, -1), gallery)
    point = open_set(Searches(mated, np.array([0, 1]), outsiders, np.arange(200) // 100, np.ones((1, 2))), 0.1)
    assert point.reason == "the false positive identifications come from 2 people; 10 are needed"


def test_rank1_of_a_table_by_plain_loops():
    table = made_table({"query": (12, 5), "distractor": (6, 3)}, scatter=1.6, failed=0.1, seed=2)
    figures = search_figures(table, made_calibration(np.linspace(-1, 1, 2000)), person_weights(12, 50, 1))
    query = (table.rows["role"] == "query").to_numpy()
    ids, persons = table.rows["image_id"].to_numpy(str)[query], table.rows["person"].to_numpy()[query]
    vectors, gallery, probes = table.embeddings[query].astype(float), {}, []
    for person in np.unique(persons):
        own = sorted(np.flatnonzero(persons == person), key=lambda row: hashlib.sha256(ids[row].encode()).digest())
        gallery[person] = np.nanmean(vectors[own[:2]], axis=0)
        probes += own[2:]
    gallery = {person: mean / np.linalg.norm(mean) for person, mean in gallery.items() if not np.isnan(mean).any()}
    found = [
        not np.isnan(vectors[row]).any() and max(gallery, key=lambda one: vectors[row] @ gallery[one]) == persons[row]
        for row in probes
    ]
    rank1 = figures.rates[0]
    assert (rank1.name, figures.gallery_size) == ("rank1", len(gallery))
    assert rank1.value == pytest.approx(np.mean(found))
    assert rank1.low < rank1.value < rank1.high
    assert figures.cmc["rate"].iloc[0] == rank1.value


def test_what_thresholds_frozen_on_dev_people_reach_by_plain_loops():
    sizes = {"dev": (60, 8), "query": (40, 8), "distractor": (40, 3)}
    table = made_table(sizes, dim=16, scatter=1.0, seed=5)
    calibration = Calibration.of(dev_comparisons(table))
    rates = {rate.name: rate for rate in search_figures(table, calibration, person_weights(40, 50, 1)).rates}
    threshold = calibration.templates[4].threshold(1 - 0.9 ** (1 / 40))
    roles, persons = table.rows["role"].to_numpy(), table.rows["person"].to_numpy()
    chosen = np.zeros(len(roles), bool)
    chosen[np.flatnonzero(roles == "query")] = references(
        table.rows["image_id"].to_numpy()[roles == "query"], persons[roles == "query"]
    )
    means = {one: table.embeddings[chosen & (persons == one)].mean(axis=0) for one in set(persons[chosen])}
    false, found = [], []
    for row in np.flatnonzero(~chosen & np.isin(roles, ["query", "distractor"])):
        score = {one: table.embeddings[row] @ mean / np.linalg.norm(mean) for one, mean in means.items()}
        false.append(max(value for one, value in score.items() if one != persons[row]) > threshold)
        if roles[row] == "query":
            found.append(max(score, key=score.get) == persons[row] and score[persons[row]] > threshold)
    assert rates["fpir_at_dev_threshold_1e-1"].value == pytest.approx(np.mean(false), abs=1e-9)
    assert rates["tpir_at_dev_threshold_1e-1"].value == pytest.approx(np.mean(found), abs=1e-9)
    assert rates["fpir_at_dev_threshold_1e-1"].low < np.mean(false) < rates["fpir_at_dev_threshold_1e-1"].high


def test_dev_people_too_few_for_an_fpir_give_no_figure():
    table = made_table({"dev": (6, 4), "query": (30, 6), "distractor": (10, 3)})
    calibration = Calibration.of(dev_comparisons(table))
    rates = {rate.name: rate for rate in search_figures(table, calibration, person_weights(30, 50, 1)).rates}
    rate = rates["fpir_at_dev_threshold_1e-2"]
    assert rate.value is None
    assert "takes an FMR of 0.000335, the 6 dev people support" in rate.reason


def test_frozen_rates_of_few_false_positives_are_too_few():
    mated = search(unit(0, 90), np.array([0, 1]), unit(0, 90), np.array([0.5, 0.5]))
    outsiders = search(unit(*np.linspace(20, 70, 200)), np.full(200, -1), unit(0, 90), np.array([0.5, 0.5]))
    searches = Searches(mated, np.array([0, 1]), outsiders, np.arange(200) // 100, np.ones((1, 2)))
    false, found = frozen_rates(searches, 0.1)
    assert (false.value, found.value) == (None, 1.0)
    assert false.reason == "the false positive identifications come from 2 people; 10 are needed"
