"""A comparison as a table, as a page of Markdown and as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from benchmarks.entries import Entry, Run
from benchmarks.experiments import revision
from benchmarks.paired import CLAIMED_BELOW, Difference

SHOWN = (
    "accuracy_top1",
    "tpr_at_fpr_1e-1",
    "tpr_at_fpr_1e-2",
    "tpr_at_fpr_1e-3",
    "tpir_at_fpir_1e-1",
    "rank1",
    "auc",
    "eer",
)
SHOWN_AS_DOTS = {
    "tpr_at_fpr_1e-2": "TPR at FPR 1e-2, people never seen",
    "accuracy_top1": "accuracy among the people trained on",
}
OF_THE_TABLE = """Mean and standard deviation over seeds. Best epoch: for each
seed the one that dev people chose, of all; where it is the last, more epochs may do better."""
OF_THE_PAIRS = f"""Differences of the means over seeds, with 95% intervals. The {{people}} people are resampled, the
same draw for all runs, and the spread over each entry's seeds ({{seeds}}) is part of the interval
([how](../protocols.md#trainings-against-each-other)). An interval is of its pair alone; p is adjusted by Holm's
method for the {{tested}} pairs of this table, and a difference is claimed where it is under {CLAIMED_BELOW:g}."""
# by the figure, and the role of the people who are resampled
Differences = Mapping[tuple[str, str], Sequence[Difference]]


def table_of(runs: Mapping[Entry, Sequence[Run]]) -> pd.DataFrame:
    """Mean and standard deviation over seeds of each figure, a row an entry, the best mean first.

    A figure that a seed's data cannot give has no mean: the other seeds' would be one of chosen seeds.
    """
    rows = []
    for entry, group in runs.items():
        row: dict[str, object] = {"name": entry.name, "note": entry.note, "seeds": len(group)}
        row["best_epochs"] = " ".join(str(run.best_epoch) for run in group)
        row["epochs"] = " ".join(str(epochs) for epochs in sorted({run.epochs for run in group}))
        for key in SHOWN:
            values = np.array([np.nan if run.metrics.get(key) is None else run.metrics[key] for run in group])
            row[key] = values.mean()
            row[f"{key}_sd"] = values.std(ddof=1) if len(values) > 1 else np.nan
        rows.append(row)
    return pd.DataFrame(rows).sort_values("tpr_at_fpr_1e-2", ascending=False, ignore_index=True)


def page(title: str, table: pd.DataFrame, differences: Differences, command: str) -> str:
    """The results as Markdown.

    Args:
        table: from `table_of`.
        differences: of every two entries.
        command: what repeats it.
    """
    lines = [f"# {title}\n\n`{command}` at `{revision()}`. {OF_THE_TABLE}\n"]
    lines.append("| | | seeds | best epoch | " + " | ".join(SHOWN) + " |")
    lines.append("|---" * (len(SHOWN) + 4) + "|")
    for row in table.to_dict("records"):
        cells = [row["name"], row["note"], str(row["seeds"]), f"{row['best_epochs']} of {row['epochs']}"]
        cells += [_with_deviation(row[key], row[f"{key}_sd"]) for key in SHOWN]
        lines.append(f"| {' | '.join(cells)} |")
    seeds = " or ".join(str(number) for number in sorted(set(table["seeds"])))
    for (what, people), pairs in differences.items():
        tested = sum(pair.p is not None for pair in pairs)
        lines.append(f"\n## {what}\n\n{OF_THE_PAIRS.format(people=people, seeds=seeds, tested=tested)}\n")
        lines.append("| first | second | difference | low | high | adjusted p | claimed |")
        lines.append("|---" * 7 + "|")
        for pair in pairs:
            figures = ["" if value is None else f"{value:+.3f}" for value in (pair.value, pair.low, pair.high)]
            figures.append("" if pair.p is None else f"{pair.p:.3f}")
            claim = "yes" if pair.claimed else pair.reason or "no"
            lines.append(f"| {pair.first} | {pair.second} | {' | '.join(figures)} | {claim} |")
    return "\n".join(lines) + "\n"


def _with_deviation(mean: float, deviation: float) -> str:
    if np.isnan(mean):
        return ""
    return f"{mean:.3f}" if np.isnan(deviation) else f"{mean:.3f} ± {deviation:.3f}"


def _mean_key(key: str) -> str:
    return f"{key}_mean"


def _mean_of_all(values: Sequence[float | None]) -> float | None:
    """As in the table: None where one seed has no value, since the others' would be a mean of chosen seeds."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None


def draw(runs: Mapping[Entry, Sequence[Run]]) -> dict:
    """A Vega-Lite specification: the mean ROC of every entry; every seed as a dot, and their mean as a tick."""
    fpr = np.logspace(-3, 0, 200)
    curves, dots = [], []
    for entry, group in runs.items():
        tpr = np.mean([np.interp(fpr, run.roc["fpr"], run.roc["tpr"]) for run in group], axis=0)
        curves += [{"entry": entry.name, "FPR": x, "TPR": y} for x, y in zip(fpr.tolist(), tpr.tolist(), strict=True)]
        means = {_mean_key(key): _mean_of_all([run.metrics[key] for run in group]) for key in SHOWN_AS_DOTS}
        dots += [{"entry": entry.name} | {key: run.metrics[key] for key in SHOWN_AS_DOTS} | means for run in group]
    entry, loose = {"field": "entry", "sort": None, "title": None}, {"zero": False}
    roc = {
        "title": "ROC on people never seen, mean over seeds",
        "data": {"values": curves},
        "mark": "line",
        "encoding": {
            "x": {"field": "FPR", "type": "quantitative", "scale": {"type": "log", "nice": False}},
            "y": {"field": "TPR", "type": "quantitative", "scale": loose},
            "color": entry | {"scale": {"scheme": "tableau10"}},
        },
    }
    panels = [
        {
            "title": title,
            "data": {"values": dots},
            "height": 250,
            "width": {"step": 34},
            "encoding": {
                "x": entry | {"axis": {"labelAngle": -30, "labelOverlap": False}},
                "y": {"field": key, "type": "quantitative", "title": None, "scale": loose},
            },
            "layer": [
                {"mark": "point"},
                {"mark": {"type": "tick", "thickness": 2}, "encoding": {"y": {"field": _mean_key(key)}}},
            ],
        }
        for key, title in SHOWN_AS_DOTS.items()
    ]
    return {"background": "white", "hconcat": [roc | {"width": 340, "height": 250}, *panels]}
