"""Charts of how well people are told apart."""

from __future__ import annotations

import numpy as np
import pandas as pd

from faceline.reporting.axes import Axis, linear_axis, log_axis, percent, probit_axis
from faceline.reporting.charts import Row, Series, interval_chart, line_chart, scatter_chart
from faceline.reporting.exhibits import Exhibit
from faceline.reporting.numbers import rate_of, written
from faceline.reporting.sources import Missing, Sources

DEV_RATE = "tpr_at_dev_threshold_1e-2"
_ID_RATE, _FROZEN_RATE = "tpr_at_fpr_", "tpr_at_dev_threshold_"
_ENDS = ("_low", "_high")


def _id_rates(sources: Sources) -> Exhibit | Missing:
    keys = [key for key in sources.keys("recognition", _ID_RATE) if not key.endswith(_ENDS)]
    if not keys:
        return Missing(f"metrics/recognition.json has no {_ID_RATE}… figures.")
    rows, cells = [], []
    for key in keys:
        value, interval = sources.value(f"recognition.{key}"), sources.interval(f"recognition.{key}")
        low, high = interval or (None, None)
        rows.append(Row(f"FPR {rate_of(key)}", (value,), (low,), (high,)))
        reason = sources.reason(f"recognition.{key}") if value is None else ""
        cells.append((rate_of(key), *(written(key, one) for one in (value, low, high)), reason))
    table = pd.DataFrame(cells, columns=["false positive rate", "ID rate", "low", "high", "why not"])
    svg = interval_chart("ID rate at each false positive rate", _accepted(), rows)
    return Exhibit.of(svg, (), table, "metrics/recognition.json")


def _roc(sources: Sources) -> Exhibit | Missing:
    table = sources.table("recognition/roc.csv", "fpr", "tpr")
    if isinstance(table, Missing):
        return table
    x = log_axis("false positive rate", table.fpr, high=1, text=percent)
    y = linear_axis("true positive rate", [], 0, 1, percent)
    chance = np.geomspace(x.low, 1, 100)
    table = table.sort_values("fpr", kind="stable")
    seen = table[table.fpr >= x.low]
    series = [Series("this model", seen.fpr, seen.tpr), Series("chance", chance, chance)]
    svg = line_chart("Receiver operating characteristic: true against false positive rate", x, y, series)
    return Exhibit.of(svg, [one.name for one in series], table, "reports/recognition/roc.csv")


def _det(sources: Sources) -> Exhibit | Missing:
    table = sources.table("recognition/det.csv", "fmr", "fnmr")
    if isinstance(table, Missing):
        return table
    table = table.sort_values("fmr", kind="stable")
    x, y = probit_axis("false match rate", table.fmr), probit_axis("false non-match rate", table.fnmr)
    inside = table.fmr.between(0, 1, inclusive="neither") & table.fnmr.between(0, 1, inclusive="neither")
    series = [Series("this model", table.fmr[inside], table.fnmr[inside])]
    svg = line_chart("Detection error trade-off: false non-matches against false matches", x, y, series)
    return Exhibit.of(svg, (), table, "reports/recognition/det.csv")


def _histogram(sources: Sources) -> Exhibit | Missing:
    table = sources.table("recognition/scores_histogram.csv", "low", "high", "genuine", "impostor")
    if isinstance(table, Missing):
        return table
    names = {"genuine": "same person", "impostor": "different people"}
    x = linear_axis("cosine similarity of a pair", [*table.low, *table.high])
    y = linear_axis("share of pairs", table[list(names)].to_numpy().ravel(), low=0, text=percent)
    series = [Series(name, (table.low + table.high) / 2, table[kind], "area") for kind, name in names.items()]
    threshold = sources.threshold(f"recognition.{DEV_RATE}")
    marks = [] if threshold is None else [(threshold, "threshold of dev people")]
    svg = line_chart("Similarities of same-person and of different-person pairs", x, y, series, marks)
    return Exhibit.of(svg, [one.name for one in series], table, "reports/recognition/scores_histogram.csv")


def _cmc(sources: Sources) -> Exhibit | Missing:
    table = sources.table("recognition/cmc.csv", "rank", "rate", "low", "high")
    if isinstance(table, Missing):
        return table
    x = linear_axis("rank", [], low=0.5, high=table["rank"].max() + 0.5)
    y = linear_axis("found at this rank or better", [table.low.min(), 1], high=1, text=percent)
    names = {"rate": "this model", "low": "95% interval"}
    series = [Series(names.get(kind, kind), table["rank"], table[kind]) for kind in ("rate", "low", "high")]
    # both ends of the interval are drawn alike
    svg = line_chart("Cumulative match characteristic", x, y, series).replace("curve s2", "curve s1")
    return Exhibit.of(svg, list(names.values()), table, "reports/recognition/cmc.csv")


def _embedding_map(sources: Sources) -> Exhibit | Missing:
    table = sources.table("recognition/embedding_map.csv", "image_id", "person", "x", "y")
    if isinstance(table, Missing):
        return table
    names = [f"person {person}: {photo}" for person, photo in zip(table.person, table.image_id, strict=True)]
    title = f"{len(table)} photos of {table.person.nunique()} people, near one another where embeddings are alike"
    svg = scatter_chart(title, table[["x", "y"]].to_numpy(float), table.person.tolist(), names)
    return Exhibit.of(svg, (), table, "reports/recognition/embedding_map.csv")


def _group_errors(sources: Sources, measure: str, label: str) -> Exhibit | Missing:
    table = sources.table("recognition/groups.csv", "attribute", "group", "measure", "value", "low", "high", "reason")
    if isinstance(table, Missing):
        return table
    chosen = table[table.measure == measure]
    if chosen.empty:
        return Missing(f"reports/recognition/groups.csv has no rows with the measure {measure}.")
    rows = []
    for row in chosen.itertuples():
        value, low, high = (None if pd.isna(one) else float(one) for one in (row.value, row.low, row.high))
        rows.append(Row(f"{row.attribute.replace('_', ' ')}: {row.group}", (value,), (low,), (high,)))
    axis = linear_axis(label, chosen[["value", "high"]].to_numpy(float).ravel(), low=0, text=percent)
    svg = interval_chart(f"{label} of each group at one threshold", axis, rows)
    return Exhibit.of(svg, (), chosen.drop(columns="measure"), "reports/recognition/groups.csv")


def _group_fmr(sources: Sources) -> Exhibit | Missing:
    return _group_errors(sources, "fmr", "false match rate")


def _group_fnmr(sources: Sources) -> Exhibit | Missing:
    return _group_errors(sources, "fnmr", "false non-match rate")


def _wild(sources: Sources) -> Exhibit | Missing:
    starts = (_ID_RATE, _FROZEN_RATE)
    names = [key for key in sources.metrics["wild"] if key.startswith(starts) and not key.endswith(_ENDS)]
    names = [key for key in names if sources.has(f"recognition.{key}")]
    if not names:
        return Missing(f"metrics/wild.json and metrics/recognition.json share no {_ID_RATE}… figures.")
    compared = sources.table("wild/compare.csv", "metric", "annotated_landmarks")
    if isinstance(compared, Missing):
        return compared
    by_hand = dict(zip(compared["metric"], compared["annotated_landmarks"], strict=True))
    rows, cells = [], []
    for name in names:
        keys = [f"{file}.{name}" for file in ("recognition", "wild")]
        known = by_hand.get(name)
        values = (None if pd.isna(known) else known, *(sources.value(key) for key in keys))
        intervals = [(None, None), *(sources.interval(key) or (None, None) for key in keys)]
        lows, highs = zip(*intervals, strict=True)
        label = ("dev threshold " if name.startswith(_FROZEN_RATE) else "FPR ") + rate_of(name)
        rows.append(Row(label, values, lows, highs))
        cells.append((label, *(written(name, value) for value in values)))
    legend = ("annotated landmarks", "annotated boxes", "original photos")
    table = pd.DataFrame(cells, columns=["rate", *legend])
    svg = interval_chart("ID rate from annotations and from original photos", _accepted(), rows)
    return Exhibit.of(svg, legend, table, "metrics/wild.json")


def _accepted() -> Axis:
    return linear_axis("same-person pairs accepted", [], 0, 1, percent)


CHARTS = {
    "id_rates": _id_rates,
    "roc": _roc,
    "det": _det,
    "histogram": _histogram,
    "cmc": _cmc,
    "map": _embedding_map,
    "group_fmr": _group_fmr,
    "group_fnmr": _group_fnmr,
    "wild": _wild,
}
