"""The dozen figures that `dvc metrics diff` and `dvc exp show` present: one key each, from the stages' own files."""

from collections.abc import Mapping
from pathlib import Path

from faceline.core.errors import InputError
from faceline.core.files import read_json

# file of metrics -> key there -> key here. Here a key stands for one figure, so that it can be sorted by.
HEADLINE: Mapping[str, Mapping[str, str]] = {
    "landmarks.json": {
        "nme_eye_center": "nme_eye_center",
        "nme_eye_center_detector_box": "nme_eye_center_detector_box",
    },
    "recognition.json": {
        "accuracy_top1": "accuracy_top1",
        "tpr_at_fpr_1e-1": "tpr_at_fpr_1e-1",
        "tpr_at_fpr_1e-2": "tpr_at_fpr_1e-2",
        "tpr_at_fpr_1e-3": "tpr_at_fpr_1e-3",
        "tpr_at_dev_threshold_1e-2": "tpr_at_dev_threshold_1e-2",
        "fpr_at_dev_threshold_1e-2": "fpr_at_dev_threshold_1e-2",
        "auc": "auc",
        "eer": "eer",
        "rank1": "rank1",
        "tpir_at_fpir_1e-1": "tpir_at_fpir_1e-1",
    },
    "wild.json": {"tpr_at_fpr_1e-2": "wild_tpr_at_fpr_1e-2", "failure_to_acquire": "wild_failure_to_acquire"},
}


def headline(folder: Path) -> dict[str, float | None]:
    """The figures as their stages wrote them; `docs/protocols.md` defines each.

    Args:
        folder: of the files of metrics.

    Raises:
        InputError: a file lacks a figure.
    """
    found = {}
    for file, keys in HEADLINE.items():
        figures = read_json(folder / file)
        for key, name in keys.items():
            if key not in figures:
                raise InputError(f"{folder / file}: has no {key}, which the headline is to show; run `dvc repro`")
            found[name] = figures[key]
    return found
