"""Charts of both trainings, and of the landmarks that came of one."""

from __future__ import annotations

import numpy as np

from faceline.reporting.axes import linear_axis, log_axis, percent
from faceline.reporting.charts import Series, line_chart
from faceline.reporting.exhibits import Exhibit
from faceline.reporting.sources import Missing, Sources


def _ced(sources: Sources) -> Exhibit | Missing:
    table = sources.table("landmarks/ced.csv", "nme_eye_center")
    if isinstance(table, Missing):
        return table
    names = [str(column) for column in table.columns if column != "nme_eye_center"]
    x = linear_axis("error, in distances between the eyes", table.nme_eye_center, low=0, text=percent)
    y = linear_axis("faces at or under it", [], 0, 1, percent)
    legend = [name.replace("_", " ") for name in names]
    series = [Series(label, table.nme_eye_center, table[name]) for name, label in zip(names, legend, strict=True)]
    svg = line_chart("Cumulative error distribution of the landmarks", x, y, series, [(0.08, "8%")])
    return Exhibit.of(svg, legend if len(legend) > 1 else [], table, "reports/landmarks/ced.csv")


def _curves(sources: Sources, stage: str, columns: dict[str, str], label: str, kind: str) -> Exhibit | Missing:
    """Columns of a training's curves against the epoch; `kind` is log or share."""
    table = sources.table(f"{stage}/curves.csv", "epoch")
    if isinstance(table, Missing):
        return table
    there = {column: name for column, name in columns.items() if column in table and table[column].notna().any()}
    if not there:
        return Missing(f"reports/{stage}/curves.csv has none of the columns {', '.join(columns)}.")
    values = np.concatenate([table[column].to_numpy(float) for column in there])
    y = log_axis(label, values) if kind == "log" else linear_axis(label, [], 0, 1, percent)
    x = linear_axis("epoch", [], low=float(table.epoch.min()), high=float(max(table.epoch.max(), 1)))
    series = [
        Series(name, table.epoch[table[column].notna()], table[column].dropna()) for column, name in there.items()
    ]
    title = f"{', '.join(there.values())} by epoch"
    legend = list(there.values()) if len(there) > 1 else []
    return Exhibit.of(line_chart(title, x, y, series), legend, table, f"reports/{stage}/curves.csv")


def _landmark_curves(sources: Sources) -> Exhibit | Missing:
    return _curves(sources, "train_landmarks", {"train_loss": "training loss"}, "training loss", "log")


def _landmark_error_curves(sources: Sources) -> Exhibit | Missing:
    columns = {"dev_nme": "error on dev people"}
    return _curves(sources, "train_landmarks", columns, "error, in eye distances", "log")


def _recognition_curves(sources: Sources) -> Exhibit | Missing:
    return _curves(sources, "train_recognition", {"train_loss": "training loss"}, "training loss", "log")


def _recognition_rate_curves(sources: Sources) -> Exhibit | Missing:
    columns = {
        "dev_tpr_at_fpr_1e-2": "ID rate of dev people at FPR 1%",
        "val_accuracy": "accuracy on kept-back photos",
    }
    return _curves(sources, "train_recognition", columns, "share", "share")


CHARTS = {
    "ced": _ced,
    "landmark_curves": _landmark_curves,
    "landmark_error_curves": _landmark_error_curves,
    "recognition_curves": _recognition_curves,
    "recognition_rate_curves": _recognition_rate_curves,
}
