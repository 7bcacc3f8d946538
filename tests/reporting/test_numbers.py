"""Figures are written as what their keys say they are."""

import pytest

from faceline.reporting.numbers import rate_of, written


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("tpr_at_fpr_1e-2", 0.871234, "87.1%"),
        ("tpr_at_fpr_1e-2_low", 0.82, "82.0%"),
        ("fpr_at_dev_threshold_1e-2", 0.0093, "0.93%"),
        ("fmr_Male_yes", 0.00042, "0.042%"),
        ("fmr_Male_yes", 0.0, "0.0%"),
        ("fmr_ratio_Male", 1.819, "1.82×"),
        ("threshold_at_fpr_1e-2", 0.3051, "0.305"),
        ("auc", 0.9921, "0.992"),
        ("rejected_low_sharpness", 0, "0"),
        ("rejected_small_box", 1234, "1,234"),
        ("auc_8e-2", 0.6114, "0.611"),
        ("nme_eye_center", 0.0312, "3.12%"),
        ("mtcnn_nme_eye_center", 0.0621, "6.21%"),
        ("rank1", 1, "100.0%"),
        ("silhouette", 0.3312, "0.331"),
        ("box_width_px_median", 96.0, "96 px"),
        ("person_pairs", 2380, "2,380"),
        ("photos_per_person_median", 8.0, "8"),
        ("rejected_share_Male_yes", 0.031, "3.1%"),
        ("tpr_at_fpr_1e-3", None, "—"),
        ("accuracy_top1", float("nan"), "—"),
    ],
)
def test_written(key: str, value: float | None, text: str) -> None:
    assert written(key, value) == text


@pytest.mark.parametrize(("key", "text"), [("tpr_at_fpr_5e-2", "5%"), ("tpr_at_fpr_1e-3", "0.1%"), ("x_5e-1", "50%")])
def test_rate_of(key: str, text: str) -> None:
    assert rate_of(key) == text
