"""Metrics and reports as the stages would leave them, made up: small, complete, and known to the last figure."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from scipy.stats import norm

from faceline.reporting.inputs import METRICS as FILES

TOO_FEW = "expects 3.1 false matches of 3120 comparisons; 10 are needed"
DEV_THRESHOLD = 0.3127
ACQUISITION = {"role": ["query"] * 2, "status": ["ok", "poor_fit"], "photos": [301, 1], "share": [0.9967, 0.0033]}
ATTRIBUTES = ("5_o_Clock_Shadow", "Eyeglasses", "Male", "Mouth_Slightly_Open", "Young")
GROUPS = ("Male", "Eyeglasses")
LANDMARK_SETS = {
    name: {"source": source, "labels": labels, "boxes": boxes, "apart": apart, "detector": "mtcnn"}
    for name, source, labels, boxes, apart in (
        ("sample", "selected", "synthetic", "dataset", "people"),
        ("celeba", "selected", "dataset", "dataset", "people"),
        ("mtfl", "mtfl", "people", "people", "photos"),
        ("keypoints68", "keypoints68", "unknown", "points", "people"),
    )
}
NAME = "drawn_{:06d}.jpg"

# Their keys are those of the sample's run; alignment and crop are not in git, so that theirs stand here.
_COMMITTED = Path(__file__).parents[1] / "metrics"
_KNOWN: dict[str, dict[str, float | int | None]] = {
    "crop": {"faces": 1600, "padded_share": 0.08, "shrunk": 0, "window_px_median": 154.0},
    "landmarks": {"nme_eye_center": 0.0312, "nme_eye_center_low": 0.0298, "nme_eye_center_high": 0.0331},
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
    "filter": {"query_people": 40, "query_photos": 302},
    "recognition": {
        "tpr_at_fpr_1e-2": 0.871234,
        "tpr_at_fpr_1e-2_low": 0.8201,
        "tpr_at_fpr_1e-2_high": 0.9133,
        "tpr_at_fpr_1e-3": None,
        "tpr_at_fpr_1e-3_low": None,
        "tpr_at_fpr_1e-3_high": None,
        "threshold_at_fpr_1e-3": None,
        "rank1": 0.9346,
        "tpir_at_fpir_5e-2": None,
        "fmr_Male_yes": 0.0131,
        "fnmr_Male_yes": 0.1312,
        "fmr_ratio_Male": 1.819,
        "fmr_Eyeglasses_yes": None,
        "fmr_ratio_Eyeglasses": None,
        "negative_pairs": 77681,
    },
}


def _metrics(file: str) -> dict[str, float | int | None]:
    path = _COMMITTED / f"{file}.json"
    return (json.loads(path.read_text()) if path.exists() else {}) | _KNOWN.get(file, {})


METRICS = {file: _metrics(file) for file in FILES}


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
    checkpoint = {"epoch": 12, "val_accuracy": 0.98, "dev_auc": 0.99}
    write_summary(reports, "train_recognition", synthetic=True, best=checkpoint, last=checkpoint)
    write_summary(reports, "landmarks", **LANDMARK_SETS["sample"])
    for name, width in _PICTURES.items():
        path = reports / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), _picture(width))
    return metrics, reports


def write_summary(reports: Path, stage: str, **values: object) -> None:
    """Writes what a stage says of itself."""
    (reports / stage / "summary.json").write_text(json.dumps(values))


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
        box: 1 - np.exp(-((limits / width) ** 2)) for box, width in (("jittered_box", 0.032), ("detector_box", 0.034))
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
    measured = epoch % 2 == 0
    recognition = {
        "epoch": epoch,
        "train_loss": 8 * np.exp(-epoch / 6),
        "val_accuracy": np.where(measured, 1 - np.exp(-epoch / 3), np.nan),
        "dev_tpr_at_fpr_1e-2": np.where(measured, 0.87 * (1 - np.exp(-epoch / 4)), np.nan),
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
        "recognition/det.csv": pd.DataFrame({"fmr": fpr[1:-1], "fnmr": 1 - tpr[1:-1]}).assign(
            fmr_probit=lambda table: norm.ppf(table.fmr), fnmr_probit=lambda table: norm.ppf(table.fnmr)
        ),
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
    values = METRICS[file]
    table = pd.DataFrame({"rate": [name for name in values if not name.endswith(("_low", "_high"))]})
    for column, end in (("value", ""), ("low", "_low"), ("high", "_high")):
        table[column] = [values.get(f"{name}{end}") for name in table.rate]
    table["threshold"] = np.where(table.rate == "tpr_at_dev_threshold_1e-2", DEV_THRESHOLD, np.nan)
    table["reason"] = table.rate.map(reasons).fillna("")
    table.loc[table.rate == "rank1", ["low", "high"]] = (0.9011, 0.9633)
    return table


def _groups() -> pd.DataFrame:
    """What is null among the metrics rests on too little: no false match, and a ratio without upper end."""
    rows = []
    for attribute in GROUPS:
        for group in ("yes", "no"):
            for measure in ("fmr", "fnmr"):
                value = METRICS["recognition"][f"{measure}_{attribute}_{group}"]
                figure = (0, 0, 0.0123) if value is None else (value, value * 0.7, value * 1.4)
                counts = (3120, 0 if value is None else round(value * 3120), 18, 140)
                rows.append((attribute, group, measure, *figure, *counts, TOO_FEW if value is None else ""))
        value = METRICS["recognition"][f"fmr_ratio_{attribute}"]
        figure = (None, 0.351, None) if value is None else (value, value / 2, value * 2)
        reason = f"yes: {TOO_FEW}" if value is None else ""
        rows.append((attribute, "worst/best", "fmr_ratio", *figure, 6240, 50, 36, 280, reason))
    columns = ["attribute", "group", "measure", "value", "low", "high"]
    return pd.DataFrame(rows, columns=[*columns, "comparisons", "errors", "people", "photos", "reason"])


def _wild() -> dict[str, pd.DataFrame]:
    boxes, photos = METRICS["recognition"], METRICS["wild"]
    compare = pd.DataFrame({"metric": [name for name in photos if name in boxes]})
    compare["annotated_boxes"] = compare.metric.map(boxes).astype(float)
    compare["original_photos"] = compare.metric.map(photos).astype(float)
    compare["annotated_landmarks"] = compare.annotated_boxes + 0.01
    return {
        "wild/compare.csv": compare,
        "wild/acquisition.csv": pd.DataFrame(ACQUISITION),
        "wild/rates.csv": _rates("wild", {}),
    }
