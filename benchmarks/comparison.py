"""Ways of training against each other: every way with several seeds, everything else the same, one table."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import dvc.api
import numpy as np
import pandas as pd

from benchmarks.experiments import dvc_run, revision
from faceline.core.figures import new_figure, save
from faceline.core.files import write_text
from faceline.core.params import EvaluationParams
from faceline.evaluation.embeddings import EmbeddingTable, read_embeddings
from faceline.evaluation.paired import Difference, paired_accuracy, paired_differences
from faceline.evaluation.roles import query_comparisons

FPR = 0.01
SHOWN = ("accuracy_top1", "tpr_at_fpr_1e-1", "tpr_at_fpr_1e-2", "tpir_at_fpir_1e-1", "rank1", "auc", "eer")


@dataclass(frozen=True, eq=False)
class Way:
    """One way of training.

    Attributes:
        name: of its row; its runs are called NAME-SEED.
        settings: what it changes in the parameters.
        note: what the table says of it.
    """

    name: str
    settings: Mapping[str, object]
    note: str


@dataclass(frozen=True)
class Run:
    """A finished run: its metrics and its embeddings."""

    metrics: Mapping[str, float | None]
    table: EmbeddingTable


def run_seeds(way: Way, seeds: int) -> list[Run]:
    """Trains and measures one way with the seeds 1, 2, ...; runs that DVC knows are read, not repeated."""
    runs = []
    for seed in range(1, seeds + 1):
        name = f"{way.name}-{seed}"
        commit = dvc_run(name, {**way.settings, "recognition.seed": seed}, "evaluate_recognition")
        with dvc.api.open("metrics/recognition.json", rev=commit) as file:
            metrics = json.load(file)
        content = dvc.api.read("data/embeddings.parquet", rev=commit, mode="rb")
        runs.append(Run(metrics, read_embeddings(io.BytesIO(content))))
    return runs


def write_comparison(
    stem: Path, title: str, runs: Mapping[Way, Sequence[Run]], evaluation: EvaluationParams, command: str
) -> None:
    """Writes `stem`.md, .csv and .png.

    Args:
        command: what repeats it.
    """
    tables = {way.name: [run.table for run in group] for way, group in runs.items()}
    compared = {name: [query_comparisons(table) for table in group] for name, group in tables.items()}
    samples, seed = evaluation.bootstrap_samples, evaluation.seed
    differences = {
        f"TPR@FPR={FPR:g}, over query people": paired_differences(compared, FPR, samples, seed, evaluation.block_mb),
        "accuracy_top1, over train people": paired_accuracy(tables, samples, seed),
    }
    table = table_of(runs)
    write_text(stem.with_suffix(".md"), page(title, table, differences, command))
    write_text(stem.with_suffix(".csv"), table.to_csv(index=False, float_format="%.6f"))
    draw({way.name: [run.metrics["tpr_at_fpr_1e-2"] for run in group] for way, group in runs.items()}, stem)


def table_of(runs: Mapping[Way, Sequence[Run]]) -> pd.DataFrame:
    """Mean and standard deviation over seeds of each figure, a row a way, the best first."""
    rows = []
    for way, group in runs.items():
        row: dict[str, object] = {"name": way.name, "note": way.note, "seeds": len(group)}
        for key in SHOWN:
            values = np.array([run.metrics[key] for run in group if run.metrics.get(key) is not None], float)
            row[key] = values.mean() if len(values) else np.nan
            row[f"{key}_sd"] = values.std(ddof=1) if len(values) > 1 else np.nan
        rows.append(row)
    return pd.DataFrame(rows).sort_values("tpr_at_fpr_1e-2", ascending=False, ignore_index=True)


def page(title: str, table: pd.DataFrame, differences: Mapping[str, Sequence[Difference]], command: str) -> str:
    """The results as Markdown."""
    lines = [f"# {title}\n\n`{command}` at `{revision()}`. Mean and standard deviation over seeds.\n"]
    lines.append("| | | seeds | " + " | ".join(SHOWN) + " |")
    lines.append("|---" * (len(SHOWN) + 3) + "|")
    for row in table.to_dict("records"):
        cells = [f"{row[key]:.3f} ± {row[f'{key}_sd']:.3f}" for key in SHOWN]
        lines.append(f"| {row['name']} | {row['note']} | {row['seeds']} | {' | '.join(cells)} |")
    for what, pairs in differences.items():
        lines.append(f"\nDifferences in {what}: paired, pooled over seeds, 95% interval. Only where the interval")
        lines.append("excludes 0 may one be called better.\n")
        lines.append("| first | second | difference | low | high | claimed |\n|---|---|---|---|---|---|")
        for d in pairs:
            claim = "yes" if d.excludes_zero else "no"
            lines.append(f"| {d.first} | {d.second} | {d.value:+.3f} | {d.low:+.3f} | {d.high:+.3f} | {claim} |")
    return "\n".join(lines) + "\n"


def draw(rates: Mapping[str, Sequence[float]], stem: Path) -> None:
    """Every seed of every way as a dot."""
    figure = new_figure(7, 4)
    axes = figure.subplots()
    for place, values in enumerate(rates.values()):
        axes.plot([place] * len(values), values, "o", color="#5c6b73", alpha=0.7)
        axes.plot([place - 0.2, place + 0.2], [np.mean(values)] * 2, color="#253237")
    axes.set_xticks(range(len(rates)), list(rates), rotation=30)
    axes.set(ylabel="TPR at FPR 1e-2, query people; line: mean")
    save(figure, stem.with_suffix(".png"))
