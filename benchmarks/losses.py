"""Which loss recognises people better: every loss with its own learning rate, several seeds, one table.

    make losses                                        # on params.yaml as it is
    python -m benchmarks.losses --losses ce arcface --seeds 3

Each run is a `dvc exp run` in the workspace, so everything before training is reused and every run is kept under its
name. First each loss is trained once at three learning rates with a seed that is used nowhere else, and keeps the
rate that is best on the dev people; then its seeds run. The table is made from DVC's own records of the runs.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import dvc.api

from benchmarks.comparison import Way, run_seeds, write_comparison
from benchmarks.experiments import dvc_run, refuse_unclean, restore
from faceline.core.params import load_params

TUNING_SEED = 0
RATE_FACTORS = (0.5, 1.0, 2.0)


def tuned_rate(loss: str, base: float) -> float:
    """The learning rate whose best epoch is best on dev people, by TPR and then AUC."""
    looks = []
    for factor in RATE_FACTORS:
        name, rate = f"tune-{loss}-{factor:g}", base * factor
        settings = {"recognition.loss": loss, "recognition.learning_rate": rate, "recognition.seed": TUNING_SEED}
        commit = dvc_run(name, settings, "train_recognition")
        with dvc.api.open("reports/train_recognition/summary.json", rev=commit) as file:
            best = json.load(file)["best"]
        looks.append((best["dev_tpr_at_fpr_1e-2"], best["dev_auc"], rate))
    return max(looks)[2]


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
    base = params.recognition.learning_rate
    runs = {}
    try:
        for loss in options.losses:
            rate = base if options.no_tuning else tuned_rate(loss, base)
            settings = {"recognition.loss": loss, "recognition.learning_rate": rate}
            way = Way(loss, settings, f"learning rate {rate:g}")
            runs[way] = run_seeds(way, options.seeds)
    finally:
        restore()
    command = f"python -m benchmarks.losses --losses {' '.join(options.losses)} --seeds {options.seeds}"
    command += f" --name {options.name}" + " --no-tuning" * options.no_tuning
    stem = Path("docs/results") / f"losses-{options.name}"
    write_comparison(stem, "Losses compared", runs, params.evaluation, command)


if __name__ == "__main__":
    main()
