"""Metrics and reports as the stages would leave them, made up: small, complete, and known to the last figure."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from faceline.core.columns import ATTRIBUTES

TOO_FEW = "expects 3.1 false matches of 3120 comparisons; 10 are needed"
DEV_THRESHOLD = 0.3127
ACQUISITION = {"role": ["query"] * 2, "status": ["ok", "poor_fit"], "photos": [301, 1], "share": [0.9967, 0.0033]}
GROUPS = ("Male", "Eyeglasses")
NAME = "drawn_{:06d}.jpg"

METRICS: dict[str, dict[str, float | int | None]] = {
    "dataset": {
        "photos": 1720,
        "people": 156,
        "unreadable": 0,
        "photos_per_person_median": 8.0,
        "photos_per_person_max": 28,
        "box_width_px_median": 96.0,
        "sharpness_median": 310.5,
        "near_duplicate_groups": 2,
        "near_duplicate_groups_across_people": 1,
        "share_Male": 0.47,
    },
    "filter": {
        "in": 1720,
        "usable": 1661,
        "kept": 1600,
        "rejected_blurry": 31,
        "rejected_small_box": 20,
        "rejected_duplicate": 8,
        "not_needed": 61,
        "train_people": 40,
        "train_photos": 960,
        "dev_people": 30,
        "dev_photos": 228,
        "query_people": 40,
        "query_photos": 302,
        "distractor_people": 40,
        "distractor_photos": 110,
        "rejected_share_Male_yes": 0.031,
        "rejected_share_Male_no": 0.037,
    },
    "crop": {"faces": 1600, "padded_share": 0.08, "shrunk": 0, "window_px_median": 154.0},
    "landmarks": {
        "images": 412,
        "nme_eye_center": 0.0312,
        "nme_eye_center_low": 0.0298,
        "nme_eye_center_high": 0.0331,
        "nme_box_diagonal": 0.0101,
        "auc_8e-2": 0.6114,
        "failure_rate_1e-1": 0.0049,
        "nme_left_eye": 0.021,
        "nme_right_eye": 0.022,
        "nme_nose": 0.036,
        "nme_left_mouth": 0.037,
        "nme_right_mouth": 0.038,
        "nme_eye_center_jittered_box": 0.0334,
        "nme_eye_center_detector_box": 0.0341,
        "nme_eye_center_detector_faces": 0.0311,
        "detector_looked": 400,
        "detector_missed": 9,
        "defects": 0,
    },
    "alignment": {
        "faces": 1600,
        "aligned": 1597,
        "rejected": 3,
        "rejected_share": 0.001875,
        "rejected_poor_fit": 3,
        "outside_share": 0.004,
        "outside_share_max": 0.21,
        "template_error": 0.061,
        "template_error_unaligned": 0.243,
    },
    "recognition": {
        "accuracy_top1": 0.958333,
        "accuracy_top5": 0.991667,
        "accuracy_head_top1": 0.95,
        "tpr_at_fpr_5e-1": 1.0,
        "tpr_at_fpr_5e-1_low": 0.998,
        "tpr_at_fpr_5e-1_high": 1.0,
        "threshold_at_fpr_5e-1": 0.0121,
        "tpr_at_fpr_1e-1": 0.9812,
        "tpr_at_fpr_1e-1_low": 0.962,
        "tpr_at_fpr_1e-1_high": 0.991,
        "threshold_at_fpr_1e-1": 0.172,
        "tpr_at_fpr_1e-2": 0.871234,
        "tpr_at_fpr_1e-2_low": 0.8201,
        "tpr_at_fpr_1e-2_high": 0.9133,
        "threshold_at_fpr_1e-2": 0.3051,
        "tpr_at_fpr_1e-3": None,
        "tpr_at_fpr_1e-3_low": None,
        "tpr_at_fpr_1e-3_high": None,
        "threshold_at_fpr_1e-3": None,
        "tpr_at_dev_threshold_1e-1": 0.9791,
        "fpr_at_dev_threshold_1e-1": 0.0961,
        "tpr_at_dev_threshold_1e-2": 0.8602,
        "fpr_at_dev_threshold_1e-2": 0.0093,
        "auc": 0.9921,
        "eer": 0.0381,
        "rank1": 0.9346,
        "tpir_at_fpir_1e-1": 0.8823,
        "tpir_at_fpir_5e-2": None,
        "tpir_at_fpir_1e-2": None,
        "triplet_accuracy": 0.9923,
        "silhouette": 0.3312,
        "fmr_Male_yes": 0.0131,
        "fmr_Male_no": 0.0072,
        "fnmr_Male_yes": 0.1312,
        "fnmr_Male_no": 0.1491,
        "fmr_ratio_Male": 1.819,
        "fmr_Eyeglasses_yes": None,
        "fmr_Eyeglasses_no": 0.0094,
        "fnmr_Eyeglasses_yes": None,
        "fnmr_Eyeglasses_no": 0.1388,
        "fmr_ratio_Eyeglasses": None,
        "positive_pairs": 990,
        "negative_pairs": 77681,
        "person_pairs": 2380,
        "gallery_size": 40,
    },
    "wild": {
        "tpr_at_fpr_1e-1": 0.93,
        "tpr_at_fpr_1e-1_low": 0.9,
        "tpr_at_fpr_1e-1_high": 0.95,
        "tpr_at_fpr_1e-2": 0.811,
        "tpr_at_fpr_1e-2_low": 0.741,
        "tpr_at_fpr_1e-2_high": 0.862,
        "tpr_at_dev_threshold_1e-2": 0.802,
        "fpr_at_dev_threshold_1e-2": 0.0098,
        "detection_recall": 0.9741,
        "failure_to_acquire": 0.0281,
    },
}


def write_made_up(root: Path) -> tuple[Path, Path]:
    """Writes `metrics/` and `reports/` under `root` and returns both."""
    metrics, reports = root / "metrics", root / "reports"
    metrics.mkdir(parents=True)
    for name, values in METRICS.items():
        (metrics / f"{name}.json").write_text(json.dumps(values))
    rng = np.random.default_rng(5)
    tables = _dataset() | _landmarks() | _training() | _recognition(rng) | _wild()
    for name, table in tables.items():
        path = reports / name
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(path, index=False)
    summary = {which: {"epoch": 12, "val_accuracy": 0.98, "dev_auc": 0.99} for which in ("best", "last")}
    (reports / "train_recognition/summary.json").write_text(json.dumps({"loss": "arcface", **summary}))
    for name, width in _PICTURES.items():
        path = reports / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), _picture(width))
    return metrics, reports


_PICTURES = {
    "alignment/pairs.png": 1368,
    "alignment/mean_face.png": 228,
    "alignment/journey/photo.png": 300,
    "alignment/journey/crop.png": 200,
    "alignment/journey/view.png": 128,
    "alignment/journey/aligned.png": 112,
    "landmarks/worst_faces.png": 972,
    "train_landmarks/samples.png": 1040,
    "train_recognition/samples.png": 912,
    "recognition/hardest_genuine.png": 1500,
    "recognition/hardest_impostor.png": 1500,
    "recognition/confused_people.png": 1500,
}


def _picture(width: int) -> np.ndarray:
    rows, columns = np.mgrid[0 : width // 3, 0:width]
    return np.stack([rows % 256, columns % 256, (rows + columns) % 256], axis=2).astype(np.uint8)


def _dataset() -> dict[str, pd.DataFrame]:
    shares = np.linspace(0.02, 0.9, len(ATTRIBUTES))
    people = pd.DataFrame({"photos": [2, 3, 8, 25], "all": [6, 40, 70, 40], "usable": [8, 40, 70, 38]})
    duplicates = {
        "image_id": [NAME.format(number) for number in (1, 2, 3, 4)],
        "person": [1, 1, 2, 3],
        "group": [0, 0, 1, 1],
        "photos": [2, 2, 2, 2],
        "people": [1, 1, 2, 2],
    }
    removed = {"reason": ["photos", "blurry", "small_box"], "all": [1720, 31, 20], "Male_yes": [810, 14, 11]}
    return {
        "dataset/attribute_shares.csv": pd.DataFrame(
            {"attribute": ATTRIBUTES, "all": shares, "usable": shares * 0.95}
        ),
        "dataset/photos_per_person.csv": people,
        "dataset/box_sizes.csv": pd.DataFrame(
            {"from_px": [20, 40, 60, 80], "to_px": [40, 60, 80, 100], "photos": [20, 180, 700, 820]}
        ),
        "dataset/near_duplicates.csv": pd.DataFrame(duplicates),
        "dataset/removed.csv": pd.DataFrame(removed),
    }


def _landmarks() -> dict[str, pd.DataFrame]:
    limits = np.linspace(0, 0.15, 151)
    ced = {"nme_eye_center": limits, "annotated_box": 1 - np.exp(-((limits / 0.03) ** 2))}
    ced |= {
        way: 1 - np.exp(-((limits / width) ** 2)) for way, width in (("jittered_box", 0.032), ("detector_box", 0.034))
    }
    groups = {"attribute": ["Male"] * 2, "value": ["yes", "no"], "faces": [200, 212], "nme_eye_center": [0.03, 0.032]}
    return {
        "landmarks/ced.csv": pd.DataFrame(ced),
        "landmarks/groups.csv": pd.DataFrame(groups),
        "landmarks/per_face.csv": pd.DataFrame(
            {"image_id": [NAME.format(7)], "person": [4], "nme_eye_center": [0.03]}
        ),
    }


def _training() -> dict[str, pd.DataFrame]:
    epoch = np.arange(1, 15)
    looked = epoch % 2 == 0
    recognition = {
        "epoch": epoch,
        "train_loss": 8 * np.exp(-epoch / 6),
        "val_accuracy": np.where(looked, 1 - np.exp(-epoch / 3), np.nan),
        "dev_tpr_at_fpr_1e-2": np.where(looked, 0.87 * (1 - np.exp(-epoch / 4)), np.nan),
    }
    landmarks = {"epoch": epoch, "train_loss": 1.2 * np.exp(-epoch / 4), "dev_nme": 0.03 + 0.3 * np.exp(-epoch / 2)}
    chosen = {"checkpoint": ["best", "last"], "epoch": [13, 14], "dev_nme": [0.0311, 0.0312], "saved": [True, False]}
    return {
        "train_landmarks/curves.csv": pd.DataFrame(landmarks),
        "train_landmarks/chosen.csv": pd.DataFrame(chosen),
        "train_recognition/curves.csv": pd.DataFrame(recognition),
    }


def _recognition(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    fpr = np.concatenate([[0], np.geomspace(1e-4, 1, 120)])
    tpr = fpr ** (1 / 14)
    edges = np.linspace(-0.4, 1, 71)
    middles = (edges[1:] + edges[:-1]) / 2
    histogram = {"low": edges[:-1], "high": edges[1:]}
    for kind, centre, spread in (("impostor", 0, 0.13), ("genuine", 0.55, 0.18)):
        density = np.exp(-((middles - centre) ** 2) / (2 * spread**2))
        histogram[kind] = density / density.sum()
    person = np.repeat(np.arange(40), 8)
    places = rng.normal(0, 30, (40, 2))[person] + rng.normal(0, 1.2, (320, 2))
    names = [NAME.format(number) for number in range(320)]
    pairs = {"score": [0.61, 0.58], "image_id": names[:2], "other_image_id": names[2:4], "person": [1, 2]}
    people = pd.DataFrame({"person": [1, 2], "nearest": [3, 9], "similarity": [0.41, 0.38]})
    return {
        "recognition/roc.csv": pd.DataFrame({"fpr": fpr, "tpr": tpr, "threshold": np.linspace(1, -1, 121)}),
        "recognition/det.csv": pd.DataFrame({"fmr": fpr[1:-1], "fnmr": 1 - tpr[1:-1]}),
        "recognition/scores_histogram.csv": pd.DataFrame(histogram),
        "recognition/cmc.csv": pd.DataFrame({"rank": np.arange(1, 11), "rate": np.linspace(0.9346, 0.99, 10)}).assign(
            low=lambda table: table.rate - 0.03, high=lambda table: np.minimum(1, table.rate + 0.02)
        ),
        "recognition/embedding_map.csv": pd.DataFrame(
            {"image_id": names, "person": person, "x": places[:, 0], "y": places[:, 1]}
        ),
        "recognition/hardest_genuine.csv": pd.DataFrame(pairs),
        "recognition/hardest_impostor.csv": pd.DataFrame(pairs | {"other_person": [5, 6]}),
        "recognition/confused_people.csv": people,
        "recognition/per_person.csv": people,
        "recognition/acquisition.csv": pd.DataFrame(ACQUISITION),
        "recognition/groups.csv": _groups(),
        "recognition/rates.csv": _rates("recognition", {"tpr_at_fpr_1e-3": TOO_FEW, "tpir_at_fpir_5e-2": TOO_FEW}),
    }


def _rates(file: str, reasons: dict[str, str]) -> pd.DataFrame:
    ends = ("_low", "_high")
    rows = [
        {
            "rate": name,
            "value": value,
            "low": METRICS[file].get(f"{name}_low"),
            "high": METRICS[file].get(f"{name}_high"),
            "threshold": DEV_THRESHOLD if name == "tpr_at_dev_threshold_1e-2" else None,
            "reason": reasons.get(name, ""),
        }
        for name, value in METRICS[file].items()
        if not name.endswith(ends)
    ]
    table = pd.DataFrame(rows)
    table.loc[table.rate == "rank1", ["low", "high"]] = (0.9011, 0.9633)
    return table


def _groups() -> pd.DataFrame:
    rows = []
    for attribute in GROUPS:
        for group in ("yes", "no"):
            for measure in ("fmr", "fnmr"):
                value = METRICS["recognition"][f"{measure}_{attribute}_{group}"]
                spread = (None, None) if value is None else (value * 0.7, value * 1.4)
                reason = TOO_FEW if value is None else ""
                rows.append((attribute, group, measure, value, *spread, 3120, 12, 18, 140, reason))
    columns = ["attribute", "group", "measure", "value", "low", "high"]
    return pd.DataFrame(rows, columns=[*columns, "comparisons", "errors", "people", "photos", "reason"])


def _wild() -> dict[str, pd.DataFrame]:
    rates = {"annotated_landmarks": [0.88], "annotated_boxes": [0.871234], "original_photos": [0.811]}
    compare = {"metric": ["tpr_at_fpr_1e-2"], **rates, "by_hourglass": [-0.008766], "by_detector": [-0.060234]}
    return {
        "wild/compare.csv": pd.DataFrame(compare),
        "wild/acquisition.csv": pd.DataFrame(ACQUISITION),
        "wild/rates.csv": _rates("wild", {}),
    }
