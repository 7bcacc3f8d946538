"""Trainings against each other: every entry with several seeds, everything else the same, one table."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import dvc.api
import numpy as np
import pandas as pd
import vl_convert
import yaml
from pydantic import ValidationError

from benchmarks.experiments import dvc_run, revision
from benchmarks.paired import Difference, paired_accuracy, paired_differences
from faceline.core.errors import FacelineError, InputError
from faceline.core.files import replacing, write_text
from faceline.evaluation.embeddings.table import EmbeddingTable, read_embeddings
from faceline.evaluation.verification.params import EvaluationParams
from faceline.evaluation.verification.roles import query_comparisons
from faceline.reporting.theme import CONFIG, VEGA_LITE
from faceline.settings.schema import Params

FPR = 0.01
SHOWN = ("accuracy_top1", "tpr_at_fpr_1e-1", "tpr_at_fpr_1e-2", "tpir_at_fpir_1e-1", "rank1", "auc", "eer")
SHOWN_AS_DOTS = {
    "tpr_at_fpr_1e-2": "TPR at FPR 1e-2, people never seen",
    "accuracy_top1": "accuracy among the people trained on",
}


@dataclass(frozen=True, eq=False)
class Entry:
    """One entry of training.

    Attributes:
        name: of its row.
        settings: what it changes in the parameters.
        note: what the table says of it.
    """

    name: str
    settings: Mapping[str, object]
    note: str


@dataclass(frozen=True)
class Run:
    """A finished run: its metrics, its embeddings, and its ROC on query people (columns fpr and tpr)."""

    metrics: Mapping[str, float | None]
    table: EmbeddingTable
    roc: pd.DataFrame


def add_common_options(parser: argparse.ArgumentParser, name: str) -> None:
    """What every comparison can be told: seeds, the name of its files, parameters that all its runs share."""
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--name", default=name, help="of the result files and, in front, of DVC's experiments")
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="KEY=VALUE", help="parameters for all runs, as in `dvc exp run -S`"
    )


def shared_settings(options: argparse.Namespace, present: Params) -> tuple[dict[str, object], Params]:
    """`--set` by dotted names, and the parameters with it.

    Raises:
        InputError: a word that is not KEY=VALUE, a key that there is not, or a value out of range.
    """
    settings, tree = {}, present.model_dump()
    for word in options.set:
        key, equals, value = word.partition("=")
        *groups, last = key.split(".")
        group: object = tree
        for name in groups:
            group = group.get(name) if isinstance(group, dict) else None
        if not (equals and isinstance(group, dict) and last in group):
            raise InputError(f"--set: {word} is not KEY=VALUE of a parameter, as recognition.epochs=10 is")
        settings[key] = group[last] = yaml.safe_load(value)
    try:
        return settings, Params.model_validate(tree)
    except ValidationError as error:
        raise InputError(f"--set: {error}") from None


def command_of(module: str, options: argparse.Namespace, *arguments: str) -> str:
    """The command that repeats a comparison."""
    words = ["python -m", module, *arguments, f"--seeds {options.seeds}", f"--name {options.name}"]
    return " ".join([*words, *(["--set", *options.set] if options.set else [])])


def run_command(main: Callable[[], None]) -> None:
    """Runs a comparison; what goes wrong by a user's mistake or in training is told without a traceback."""
    try:
        main()
    except (InputError, FacelineError) as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


def run_seeds(comparison: str, entry: Entry, seeds: int) -> list[Run]:
    """Trains and measures one entry with the seeds 1, 2, ...; runs that DVC knows are read, not repeated.

    Their names are COMPARISON-WAY-SEED.
    """
    runs = []
    for seed in range(1, seeds + 1):
        name = f"{comparison}-{entry.name}-{seed}"
        commit = dvc_run(name, {**entry.settings, "recognition.seed": seed}, "evaluate_recognition")
        with dvc.api.open("metrics/recognition.json", rev=commit) as file:
            metrics = json.load(file)
        content = dvc.api.read("data/embeddings.parquet", rev=commit, mode="rb")
        roc = pd.read_csv(io.StringIO(dvc.api.read("reports/recognition/roc.csv", rev=commit)))
        runs.append(Run(metrics, read_embeddings(io.BytesIO(content)), roc))
    return runs


def write_comparison(
    stem: Path, title: str, runs: Mapping[Entry, Sequence[Run]], evaluation: EvaluationParams, command: str
) -> None:
    """Writes `stem`.md, .csv and .png.

    Args:
        command: what repeats it.
    """
    tables = {entry.name: [run.table for run in group] for entry, group in runs.items()}
    compared = {name: [query_comparisons(table) for table in group] for name, group in tables.items()}
    samples, seed = evaluation.bootstrap_samples, evaluation.seed
    differences = {
        f"TPR@FPR={FPR:g}, over query people": paired_differences(compared, FPR, samples, seed, evaluation.block_mb),
        "accuracy_top1, over train people": paired_accuracy(tables, samples, seed),
    }
    table = table_of(runs)
    write_text(stem.with_suffix(".md"), page(title, table, differences, command))
    write_text(stem.with_suffix(".csv"), table.to_csv(index=False, float_format="%.6f"))
    png = vl_convert.vegalite_to_png(draw(runs), vl_version=VEGA_LITE, config=CONFIG, scale=1.5)
    with replacing(stem.with_suffix(".png")) as temporary:
        temporary.write_bytes(png)


def table_of(runs: Mapping[Entry, Sequence[Run]]) -> pd.DataFrame:
    """Mean and standard deviation over seeds of each figure, a row a entry, the best first."""
    rows = []
    for entry, group in runs.items():
        row: dict[str, object] = {"name": entry.name, "note": entry.note, "seeds": len(group)}
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
            claim = "yes" if d.excludes_zero else d.reason or "no"
            figures = " | ".join("" if value is None else f"{value:+.3f}" for value in (d.value, d.low, d.high))
            lines.append(f"| {d.first} | {d.second} | {figures} | {claim} |")
    return "\n".join(lines) + "\n"


def draw(runs: Mapping[Entry, Sequence[Run]]) -> dict:
    """A Vega-Lite specification: the mean ROC of every entry; every seed as a dot, and their mean as a tick."""
    fpr = np.logspace(-3, 0, 200)
    curves, dots = [], []
    for entry, group in runs.items():
        tpr = np.mean([np.interp(fpr, run.roc["fpr"], run.roc["tpr"]) for run in group], axis=0)
        curves += [{"entry": entry.name, "FPR": x, "TPR": y} for x, y in zip(fpr.tolist(), tpr.tolist(), strict=True)]
        dots += [{"entry": entry.name} | {key: run.metrics[key] for key in SHOWN_AS_DOTS} for run in group]
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
                {"mark": {"type": "tick", "thickness": 2}, "encoding": {"y": {"aggregate": "mean", "field": key}}},
            ],
        }
        for key, title in SHOWN_AS_DOTS.items()
    ]
    return {"background": "white", "hconcat": [roc | {"width": 340, "height": 250}, *panels]}
