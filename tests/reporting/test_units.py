"""Every figure has a declared unit, and is written in it."""

from fnmatch import fnmatchcase

import pytest
from made_up_reports import METRICS

from faceline.reporting.inputs import METRICS as FILES
from faceline.reporting.units import UNITS, rate_of, unit_of, written


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("recognition.tpr_at_fpr_1e-2", 0.871234, "87.1%"),
        ("wild.tpr_at_fpr_1e-2_low", 0.82, "82.0%"),
        ("recognition.fpr_at_dev_threshold_1e-2", 0.0093, "0.93%"),
        ("recognition.fmr_Male_yes", 0.00042, "0.042%"),
        ("recognition.fmr_Male_yes", 0.0, "0.0%"),
        ("recognition.fmr_ratio_Male", 1.819, "1.82×"),
        ("wild.threshold_at_fpr_1e-2", 0.3051, "0.305"),
        ("wild.auc", 0.9921, "0.992"),
        ("filter.rejected_low_sharpness", 0, "0"),
        ("filter.rejected_small_box", 1234, "1,234"),
        ("landmarks.auc_8e-2", 0.6114, "0.611"),
        ("landmarks.nme_eye_center", 0.0312, "3.12%"),
        ("landmarks.nme_eye_center_detector_points", 0.0621, "6.21%"),
        ("recognition.rank1", 1, "100.0%"),
        ("recognition.silhouette", 0.3312, "0.331"),
        ("dataset.box_width_px_median", 96.0, "96 px"),
        ("recognition.person_pairs", 2380, "2,380"),
        ("dataset.photos_per_person_median", 8.0, "8"),
        ("filter.rejected_share_Male_yes", 0.031, "3.1%"),
        ("recognition.a_new_figure", 0.87123456, "0.8712"),
        ("recognition.a_new_figure", 12345, "12,345"),
        ("recognition.tpr_at_fpr_1e-3", None, "—"),
        ("recognition.accuracy_top1", float("nan"), "—"),
    ],
)
def test_written(key: str, value: float | None, text: str) -> None:
    assert written(key, value) == text


def undeclared(metrics: dict[str, dict]) -> list[str]:
    keys = [f"{file}.{key}" for file, values in metrics.items() for key in values]
    return [key for key in keys if unit_of(key) is None]


@pytest.mark.parametrize("file", FILES)
def test_every_figure_has_a_unit(file: str) -> None:
    lacking = undeclared({file: METRICS[file]})
    assert not lacking, f"declare a unit for {', '.join(lacking)} in faceline/reporting/units.py, UNITS"


def test_a_new_figure_has_none() -> None:
    assert undeclared({"recognition": {"auc": 0.9, "a_new_figure": 1}}) == ["recognition.a_new_figure"]


def test_of_two_patterns_of_equal_length_none_fits_the_same_key() -> None:
    keys = [f"{file}.{key}" for file, values in METRICS.items() for key in values]
    for key in keys:
        fitting = [(len(one), unit) for unit, patterns in UNITS.items() for one in patterns if fnmatchcase(key, one)]
        longest = {unit for length, unit in fitting if length == max(fitting)[0]}
        assert longest == {unit_of(key)}


@pytest.mark.parametrize(("key", "text"), [("tpr_at_fpr_5e-2", "5%"), ("tpr_at_fpr_1e-3", "0.1%"), ("x_5e-1", "50%")])
def test_rate_of(key: str, text: str) -> None:
    assert rate_of(key) == text
