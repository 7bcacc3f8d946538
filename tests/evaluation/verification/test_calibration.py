import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import all_scores, made_calibration, made_comparisons, made_embeddings

from faceline.core.errors import FacelineError, InputError
from faceline.evaluation.scores.rates import tpr_at_fpr
from faceline.evaluation.verification.calibration import Calibration, fmr_for_fpir
from faceline.evaluation.verification.comparisons import Comparisons

DEV, PARTS = made_comparisons(people=50, photos=4, outsiders=0, outsider_photos=0)
SCORES = all_scores(*PARTS[:2])[1]
CALIBRATION = Calibration.from_comparisons(DEV, "abc")


@pytest.mark.parametrize("fmr", [0.5, 0.1, 0.05, 0.01, 0.002])
def test_thresholds_of_round_rates_are_exact(fmr):
    assert CALIBRATION.threshold(fmr) == pytest.approx(tpr_at_fpr(SCORES, SCORES, fmr)[1], abs=1e-6)


@settings(deadline=None)
@given(fmr=st.floats(0.002, 1))
def test_between_stored_points_it_errs_towards_fewer_false_matches(fmr):
    achieved = np.mean(CALIBRATION.threshold(fmr) + 1e-6 < SCORES)
    assert achieved <= fmr
    assert achieved >= 0.8 * fmr - 2 / len(SCORES)


@settings(deadline=None)
@given(threshold=st.floats(-0.5, 0.5))
def test_the_rate_of_a_threshold_is_an_upper_bound(threshold):
    achieved = np.mean(threshold + 1e-6 < SCORES)
    bound = CALIBRATION.fmr(threshold)
    assert achieved <= bound
    assert bound <= max(1.05 * achieved + 2 / len(SCORES), CALIBRATION.smallest_fmr)


def test_there_and_back():
    for fmr in (0.2, 0.01, 0.003):
        assert CALIBRATION.fmr(CALIBRATION.threshold(fmr)) == pytest.approx(fmr, rel=0.05)


def test_ten_false_matches_are_needed():
    total = len(SCORES)
    calibration = made_calibration(SCORES, people=50)
    assert calibration.supports(10 / total)
    assert not calibration.supports(9 / total)
    with pytest.raises(InputError, match=r"the calibration's 50 dev people support 0\.00051 to 1;"):
        calibration.threshold(1e-4)
    assert CALIBRATION.smallest_fmr >= 10 / total


@pytest.mark.parametrize("block_mb", [256, 0.05])
def test_every_stored_threshold_lets_its_false_matches_pass(block_mb):
    calibration = Calibration.from_comparisons(DEV, "abc", block_mb)
    descending = np.sort(SCORES)[::-1]
    assert np.allclose(calibration.thresholds, descending[list(calibration.false_matches)], atol=1e-6)
    assert (calibration.model, calibration.people, calibration.photos) == ("abc", 50, 200)
    assert calibration.impostor_pairs == len(SCORES)


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


def test_fmr_for_fpir():
    """N independent comparisons at that FMR give the FPIR back, and FMR * N is about FPIR when it is small."""
    for fpir, people in ((0.1, 1), (0.1, 50), (0.01, 100_000)):
        assert 1 - (1 - fmr_for_fpir(fpir, people)) ** people == pytest.approx(fpir, rel=1e-6)
    assert fmr_for_fpir(0.1, 1) == pytest.approx(0.1)
    assert CALIBRATION.threshold_for_fpir(0.1, 20) == CALIBRATION.threshold(1 - 0.9**0.05)
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
    threshold = made_calibration(scores).threshold_for_fpir(0.1, 200)
    assert np.mean((strangers @ gallery.T).max(axis=1) > threshold) == pytest.approx(0.1, abs=0.03)


def test_file_round_trip(tmp_path):
    CALIBRATION.write(tmp_path / "calibration.json")
    assert Calibration.read(tmp_path / "calibration.json") == CALIBRATION


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({"thresholds": [1], "false_matches": [0], "x": 1})])
def test_other_files_are_refused(tmp_path, text):
    path = tmp_path / "calibration.json"
    path.write_text(text)
    with pytest.raises(InputError, match="cannot be read as a calibration"):
        Calibration.read(path)
    with pytest.raises(InputError, match=r"absent\.json"):
        Calibration.read(tmp_path / "absent.json")
