"""FMR to threshold and back, against scores sorted in memory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import all_scores, made_calibration, made_comparisons
from pydantic import ValidationError

from faceline.core.errors import InputError
from faceline.evaluation.scores.rates import tpr_at_fpr
from faceline.evaluation.verification.calibration import pair_tail
from faceline.evaluation.verification.score_tail import ScoreTail

DEV, PARTS = made_comparisons(people=50, photos=4, outsiders=0, outsider_photos=0)
SCORES = all_scores(*PARTS[:2])[1]
TAIL = pair_tail(DEV)


@pytest.mark.parametrize("fmr", [0.5, 0.1, 0.05, 0.01, 0.002])
def test_thresholds_of_round_rates_are_exact(fmr):
    assert TAIL.threshold(fmr) == pytest.approx(tpr_at_fpr(SCORES, SCORES, fmr)[1], abs=1e-6)


@settings(deadline=None)
@given(fmr=st.floats(0.002, 1))
def test_between_stored_points_it_errs_towards_fewer_false_matches(fmr):
    achieved = np.mean(TAIL.threshold(fmr) + 1e-6 < SCORES)
    assert achieved <= fmr
    assert achieved >= 0.8 * fmr - 2 / len(SCORES)


@settings(deadline=None)
@given(threshold=st.floats(-0.5, 0.5))
def test_the_rate_of_a_threshold_is_an_upper_bound(threshold):
    achieved = np.mean(threshold + 1e-6 < SCORES)
    bound = TAIL.fmr(threshold)
    assert achieved <= bound
    assert bound <= max(1.05 * achieved + 2 / len(SCORES), TAIL.smallest_fmr)


def test_there_and_back():
    for fmr in (0.2, 0.01, 0.003):
        assert TAIL.fmr(TAIL.threshold(fmr)) == pytest.approx(fmr, rel=0.05)


def test_ten_false_matches_are_needed():
    total = len(SCORES)
    tail = made_calibration(SCORES, people=50).pairs
    assert tail.supports(10 / total)
    assert not tail.supports(9 / total)
    with pytest.raises(InputError, match=r"the calibration's dev people support 0\.00051 to 1;"):
        tail.threshold(1e-4)
    assert TAIL.smallest_fmr >= 10 / total


GOOD = {"comparisons": 100, "smallest_fmr": 0.1, "thresholds": (0.9, 0.5), "false_matches": (0, 10)}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"thresholds": (0.5, 0.9)}, "thresholds must descend"),
        ({"thresholds": (float("nan"), 0.5)}, "finite"),
        ({"thresholds": (0.5,)}, "1 thresholds and 2 false match counts"),
        ({"thresholds": (), "false_matches": ()}, "0 thresholds"),
        ({"false_matches": (0, 0)}, "ascend from 0"),
        ({"false_matches": (1, 10)}, "ascend from 0"),
        ({"false_matches": (0, 100)}, "100 false matches of 100 comparisons"),
        ({"comparisons": 0}, "greater than 0"),
        ({"smallest_fmr": 0}, "greater than 0"),
        ({"more": 1}, "not permitted"),
    ],
)
def test_what_is_no_tail_is_refused(changed, said):
    assert ScoreTail(**GOOD).threshold(0.1) == 0.5
    with pytest.raises(ValidationError, match=said):
        ScoreTail(**{**GOOD, **changed})
