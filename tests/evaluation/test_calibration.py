import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import all_scores, made_comparisons, made_embeddings

from faceline.core.errors import FacelineError, InputError
from faceline.evaluation.calibration import Calibration, fmr_for_fpir
from faceline.evaluation.comparisons import Comparisons
from faceline.evaluation.id_rate import tpr_at_fpr

SCORES = np.random.default_rng(0).normal(0, 0.1, 20_000).astype(np.float32)


@pytest.mark.parametrize("fmr", [0.5, 0.1, 0.05, 0.01, 0.001])
def test_thresholds_of_round_rates_are_exact(fmr):
    calibration = Calibration.from_scores(SCORES)
    assert calibration.threshold(fmr) == tpr_at_fpr(SCORES, SCORES, fmr)[1]


@settings(deadline=None)
@given(fmr=st.floats(0.0005, 1))
def test_between_stored_points_it_errs_towards_fewer_false_matches(fmr):
    calibration = Calibration.from_scores(SCORES)
    achieved = np.mean(calibration.threshold(fmr) < SCORES)
    assert achieved <= fmr
    assert achieved >= 0.8 * fmr - 2 / len(SCORES)


@settings(deadline=None)
@given(threshold=st.floats(-0.5, 0.5))
def test_the_rate_of_a_threshold_is_an_upper_bound(threshold):
    calibration = Calibration.from_scores(SCORES)
    achieved = np.mean(threshold < SCORES)
    bound = calibration.fmr(threshold)
    assert achieved <= bound
    assert bound <= max(1.05 * achieved + 2 / len(SCORES), calibration.smallest_fmr)


def test_there_and_back():
    calibration = Calibration.from_scores(SCORES)
    for fmr in (0.2, 0.01, 0.001):
        assert calibration.fmr(calibration.threshold(fmr)) == pytest.approx(fmr, rel=0.05)


def test_ten_false_matches_are_needed():
    calibration = Calibration.from_scores(SCORES)
    assert calibration.smallest_fmr == 10 / 20_000
    assert calibration.supports(10 / 20_000)
    assert not calibration.supports(9 / 20_000)
    with pytest.raises(InputError, match=r"support 0\.0005 to 1;"):
        calibration.threshold(1e-4)


def test_from_comparisons_agrees_with_from_scores():
    comparisons, parts = made_comparisons(people=30, photos=4, outsiders=0, outsider_photos=0)
    _, impostor = all_scores(*parts[:2])
    streamed = Calibration.from_comparisons(comparisons, "abc", block_mb=0.05)
    held = Calibration.from_scores(impostor)
    assert streamed.false_matches == held.false_matches
    assert np.allclose(streamed.thresholds, held.thresholds, atol=1e-6)
    assert (streamed.model, streamed.people, streamed.photos, streamed.impostor_pairs) == ("abc", 30, 120, 6960)


def test_ten_pairs_of_people_are_needed():
    """Two people alike fill the tail, so that the smallest rate supported is where ten pairs are in it."""
    embeddings, person = made_embeddings(8, 6, dim=32, scatter=0.2)
    embeddings[6:12] = embeddings[:6]
    calibration = Calibration.from_comparisons(Comparisons.of(embeddings, person))
    best = [(embeddings[person == one] @ embeddings[person == two].T).max() for one in range(8) for two in range(one)]
    tenth = np.sort(best)[-10]
    _, impostor = all_scores(embeddings, person)
    assert calibration.smallest_fmr == pytest.approx(np.mean(impostor > tenth - 1e-6), abs=4 / len(impostor))
    assert calibration.smallest_fmr > 36 / len(impostor)


def test_too_few_people_support_nothing():
    embeddings, person = made_embeddings(3, 9)
    calibration = Calibration.from_comparisons(Comparisons.of(embeddings, person))
    assert not calibration.supports(1.0)


def test_no_calibration_without_impostors():
    embeddings, person = made_embeddings(1, 9)
    with pytest.raises(FacelineError, match="no two dev people"):
        Calibration.from_comparisons(Comparisons.of(embeddings, person))
    with pytest.raises(FacelineError, match="0 impostor scores"):
        Calibration.from_scores(np.empty(0))
    with pytest.raises(FacelineError, match="finite"):
        Calibration.from_scores(np.array([0.1, np.nan]))


def test_fmr_for_fpir():
    """N independent comparisons at that FMR give the FPIR back, and FMR * N is about FPIR when it is small."""
    for fpir, people in ((0.1, 1), (0.1, 50), (0.01, 100_000)):
        assert 1 - (1 - fmr_for_fpir(fpir, people)) ** people == pytest.approx(fpir, rel=1e-6)
    assert fmr_for_fpir(0.1, 1) == pytest.approx(0.1)
    calibration = Calibration.from_scores(SCORES)
    assert calibration.threshold_for_fpir(0.1, 20) == calibration.threshold(1 - 0.9**0.05)
    for fpir, people in ((0, 5), (1, 5), (0.1, 0)):
        with pytest.raises(InputError, match="FPIR between 0 and 1"):
            fmr_for_fpir(fpir, people)


def test_a_search_at_that_threshold_finds_a_stranger_as_often_as_stated():
    """200 people enrolled, strangers searched: the share that finds anybody is the FPIR asked for."""
    generator = np.random.default_rng(3)
    people = generator.standard_normal((4200, 32))
    people /= np.linalg.norm(people, axis=1, keepdims=True)
    dev, gallery, strangers = people[:1000], people[1000:1200], people[1200:]
    scores = (dev @ dev.T)[np.triu_indices(1000, 1)]
    threshold = Calibration.from_scores(scores).threshold_for_fpir(0.1, 200)
    assert np.mean((strangers @ gallery.T).max(axis=1) > threshold) == pytest.approx(0.1, abs=0.03)


def test_file_round_trip(tmp_path):
    calibration = Calibration.from_scores(SCORES, "abc", 20, 200)
    calibration.write(tmp_path / "calibration.json")
    assert Calibration.read(tmp_path / "calibration.json") == calibration


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({"thresholds": [1], "false_matches": [0], "x": 1})])
def test_other_files_are_refused(tmp_path, text):
    path = tmp_path / "calibration.json"
    path.write_text(text)
    with pytest.raises(InputError, match="cannot be read as a calibration"):
        Calibration.read(path)
    with pytest.raises(InputError, match=r"absent\.json"):
        Calibration.read(tmp_path / "absent.json")
