import pytest

from faceline.evaluation.verification.rate import Rate, label, to_metrics, to_table, too_few


@pytest.mark.parametrize(
    ("rate", "text"), [(0.5, "5e-1"), (0.05, "5e-2"), (0.01, "1e-2"), (0.001, "1e-3"), (1e-6, "1e-6")]
)
def test_labels(rate, text):
    assert label(rate) == text


def test_too_few():
    assert too_few(0.1, 100) == ""
    assert too_few(0.29, 100, 10) == ""
    assert too_few(0.1, 99).startswith("expects 9.9 false matches of 99 comparisons")
    assert too_few(0.1, 100, 9) == "the false matches come from 9 pairs of people; 10 are needed"


def test_id_rates_bring_their_intervals_and_thresholds():
    rates = [
        Rate("tpr_at_fpr_1e-2", 0.5, 0.4, 0.6, 0.3),
        Rate("rank1", 0.9, 0.8, 1.0),
        Rate("eer", None, reason="why"),
    ]
    assert to_metrics(rates) == {
        "tpr_at_fpr_1e-2": 0.5,
        "tpr_at_fpr_1e-2_low": 0.4,
        "tpr_at_fpr_1e-2_high": 0.6,
        "threshold_at_fpr_1e-2": 0.3,
        "rank1": 0.9,
        "eer": None,
    }
    table = to_table(rates).set_index("rate")
    assert table.loc["rank1", "high"] == 1.0
    assert table.loc["eer", "reason"] == "why"
    assert table["value"].isna().tolist() == [False, False, True]
