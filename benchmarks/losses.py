"""Which loss recognises people better: every loss with its own learning rate, several seeds, one table.

    make losses                                        # on params.yaml as it is
    python -m benchmarks.losses --losses ce arcface --seeds 3

Each run is a `dvc exp run` in the workspace, so everything before training is reused and every run is kept under its
name. First each loss is trained once at three learning rates with a seed that is used nowhere else, and keeps the
rate that is best on the dev people; then its seeds run. The table is made from DVC's own records of the runs.
"""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

import dvc.api
import numpy as np
import pandas as pd

from benchmarks.experiments import dvc_run, refuse_unclean, restore, revision
from faceline.core.figures import new_figure, save
from faceline.core.files import write_text
from faceline.core.params import load_params
from faceline.evaluation.comparisons import Comparisons
from faceline.evaluation.embeddings import read_embeddings
from faceline.evaluation.paired import Difference, paired_differences
from faceline.evaluation.roles import query_comparisons

TUNING_SEED = 0
RATE_FACTORS = (0.5, 1.0, 2.0)
FPR = 0.01
SHOWN = ("accuracy_top1", "tpr_at_fpr_1e-1", "tpr_at_fpr_1e-2", "tpir_at_fpir_1e-1", "rank1", "auc", "eer")


def tuned_rate(loss: str, base: float) -> float:
    """The learning rate whose best epoch is best on dev people, by TPR and then AUC."""
    looks = []
    for factor in RATE_FACTORS:
        name, rate = f"tune-{loss}-{factor:g}", base * factor
        settings = {"recognition.loss": loss, "recognition.learning_rate": rate, "recognition.seed": TUNING_SEED}
        dvc_run(name, settings, "train_recognition")
        with dvc.api.open("reports/train_recognition/summary.json", rev=name) as file:
            best = json.load(file)["best"]
        looks.append((best["dev_tpr_at_fpr_1e-2"], best["dev_auc"], rate))
    return max(looks)[2]


def read_run(name: str) -> tuple[dict, Comparisons]:
    """Metrics and query people's comparisons of a finished run."""
    with dvc.api.open("metrics/recognition.json", rev=name) as file:
        metrics = json.load(file)
    content = dvc.api.read("data/embeddings.parquet", rev=name, mode="rb")
    return metrics, query_comparisons(read_embeddings(io.BytesIO(content)))


def table_of(runs: dict[str, list[dict]], rates: dict[str, float]) -> pd.DataFrame:
    """Mean and standard deviation over seeds of each figure, a row a loss."""
    rows = []
    for loss, metrics in runs.items():
        row = {"loss": loss, "learning_rate": rates[loss], "seeds": len(metrics)}
        for key in SHOWN:
            values = np.array([run[key] for run in metrics if run.get(key) is not None], float)
            row |= {key: values.mean() if len(values) else np.nan}
            row |= {f"{key}_sd": values.std(ddof=1) if len(values) > 1 else np.nan}
        rows.append(row)
    return pd.DataFrame(rows).sort_values("tpr_at_fpr_1e-2", ascending=False, ignore_index=True)


def page(table: pd.DataFrame, differences: list[Difference], command: str, commit: str) -> str:
    """The results as Markdown."""
    lines = [f"# Losses compared\n\n`{command}` at `{commit}`. Mean and standard deviation over seeds.\n"]
    lines.append("| loss | learning rate | seeds | " + " | ".join(SHOWN) + " |")
    lines.append("|---" * (len(SHOWN) + 3) + "|")
    for row in table.to_dict("records"):
        cells = [f"{row[key]:.3f} +- {row[f'{key}_sd']:.3f}" for key in SHOWN]
        lines.append(f"| {row['loss']} | {row['learning_rate']:g} | {row['seeds']} | {' | '.join(cells)} |")
    lines.append(f"\nDifferences in TPR@FPR={FPR:g}, paired over query people, pooled over seeds, 95% interval. Only")
    lines.append("where the interval excludes 0 may one be called better.\n")
    lines.append("| first | second | difference | low | high | claimed |\n|---|---|---|---|---|---|")
    for d in differences:
        claim = "yes" if d.excludes_zero else "no"
        lines.append(f"| {d.first} | {d.second} | {d.value:+.3f} | {d.low:+.3f} | {d.high:+.3f} | {claim} |")
    return "\n".join(lines) + "\n"


def draw(runs: dict[str, list[dict]], path: Path) -> None:
    """Every seed of every loss as a dot."""
    figure = new_figure(7, 4)
    axes = figure.subplots()
    for place, metrics in enumerate(runs.values()):
        values = [run["tpr_at_fpr_1e-2"] for run in metrics]
        axes.plot([place] * len(values), values, "o", color="#5c6b73", alpha=0.7)
        axes.plot([place - 0.2, place + 0.2], [np.mean(values)] * 2, color="#253237")
    axes.set_xticks(range(len(runs)), list(runs), rotation=30)
    axes.set(ylabel="TPR at FPR 1e-2, query people; line: mean")
    save(figure, path)


def run_all(losses: list[str], seeds: int, base: float, tune: bool) -> tuple[dict, dict, dict]:
    """Learning rates, metrics and comparisons of all runs, by loss; leaves the workspace as it was."""
    rates, metrics, compared = {}, {}, {}
    try:
        for loss in losses:
            rates[loss] = tuned_rate(loss, base) if tune else base
            names = [f"{loss}-{seed}" for seed in range(1, seeds + 1)]
            for seed, name in enumerate(names, start=1):
                settings = {"loss": loss, "learning_rate": rates[loss], "seed": seed}
                dvc_run(
                    name, {f"recognition.{key}": value for key, value in settings.items()}, "evaluate_recognition"
                )
            metrics[loss], compared[loss] = zip(*(read_run(name) for name in names), strict=True)
    finally:
        restore()
    return rates, metrics, compared


def main() -> None:
    """Runs the comparison and writes `docs/results/losses-NAME.{md,csv,png}`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--losses", nargs="+", default=["ce", "arcface", "cosface", "sphereface", "triplet"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--name", default="sample", help="of the result files")
    parser.add_argument("--no-tuning", action="store_true", help="params.yaml's learning rate for all")
    options = parser.parse_args()
    refuse_unclean()
    params = load_params()
    base, evaluation = params.recognition.learning_rate, params.evaluation
    rates, metrics, compared = run_all(options.losses, options.seeds, base, not options.no_tuning)
    differences = paired_differences(
        compared, FPR, evaluation.bootstrap_samples, evaluation.seed, evaluation.block_mb
    )
    table = table_of(metrics, rates)
    stem = Path("docs/results") / f"losses-{options.name}"
    command = f"python -m benchmarks.losses --losses {' '.join(options.losses)} --seeds {options.seeds}"
    command += f" --name {options.name}" + " --no-tuning" * options.no_tuning
    write_text(stem.with_suffix(".md"), page(table, differences, command, revision()))
    write_text(stem.with_suffix(".csv"), table.to_csv(index=False, float_format="%.6f"))
    draw(metrics, stem.with_suffix(".png"))


if __name__ == "__main__":
    main()
