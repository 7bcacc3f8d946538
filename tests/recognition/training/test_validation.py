"""The figures that choose a checkpoint."""

from faceline.recognition.training.validation import Validation


def test_the_area_decides_ties_and_the_later_epoch_when_all_is_equal():
    assert Validation(0.5, 0.9, 0).at_least(None)
    assert Validation(0.5, 0.91, 0).at_least(Validation(0.5, 0.9, 1))
    assert not Validation(0.5, 0.9, 1).at_least(Validation(0.5, 0.91, 0))
    assert not Validation(0.4, 1.0, 1).at_least(Validation(0.5, 0.9, 0))
    assert Validation(0.5, 0.9, 0).at_least(Validation(0.5, 0.9, 1))
