"""Which loss recognises people better: every loss with its own learning rate, several seeds, one table.

    make losses                                        # on params.yaml as it is
    python -m benchmarks.losses --losses ce arcface --seeds 3

Each run is a `dvc exp run` in the workspace, so everything before training is reused and every run is kept under its
name. First each loss is trained for half the epochs at three learning rates, with a seed that is used nowhere else,
and keeps the rate that is best on the dev people; then its seeds run whole. The table is made from DVC's own records.
The runs that look for a rate end with training: what `dvc exp show` has of later stages beside them is older.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from subprocess import CalledProcessError

import dvc.api

from benchmarks.comparison import (
    Entry,
    add_common_options,
    command_of,
    run_command,
    run_seeds,
    shared_settings,
    write_comparison,
)
from benchmarks.experiments import dvc_run, refuse_unclean, restore
from faceline.core.errors import FacelineError, InputError
from faceline.recognition.heads.registry import loss_names
from faceline.recognition.training.params import RecognitionParams
from faceline.settings.schema import load_params

TUNING_SEED = 0
TUNING_SHARE = 0.5
RATE_FACTORS = (0.5, 1.0, 2.0)


def tuning_settings(recognition: RecognitionParams) -> dict[str, object]:
    """A training of half the length and otherwise alike: its warm-ups are as long a part of it."""
    epochs = max(1, round(TUNING_SHARE * recognition.epochs))
    share = epochs / recognition.epochs
    return {
        "recognition.seed": TUNING_SEED,
        "recognition.epochs": epochs,
        "recognition.warmup_epochs": share * recognition.warmup_epochs,
        "recognition.margin_warmup_epochs": share * recognition.margin_warmup_epochs,
    }


def tuned_rate(
    comparison: str, settings: Mapping[str, object], recognition: RecognitionParams
) -> tuple[float, dict[float, float]]:
    """The learning rate whose best epoch is best on dev people, by TPR and then AUC; one that fails is left out.

    Returns:
        The rate, and the dev people's TPR at each rate that trains.

    Raises:
        FacelineError: training fails at every rate.
    """
    looks = []
    for factor in RATE_FACTORS:
        rate = recognition.learning_rate * factor
        name = f"{comparison}-{settings['recognition.loss']}-rate-{factor:g}"
        settings = {**settings, "recognition.learning_rate": rate, **tuning_settings(recognition)}
        try:
            commit = dvc_run(name, settings, "train_recognition")
        except CalledProcessError:
            print(f"{name}: training failed, as is said above; the rate is left out")
            continue
        with dvc.api.open("reports/train_recognition/summary.json", rev=commit) as file:
            best = json.load(file)["best"]
        looks.append((best["dev_tpr_at_fpr_1e-2"], best["dev_auc"], rate))
    if not looks:
        raise FacelineError(f"{settings['recognition.loss']}: training failed at every learning rate")
    return max(looks)[2], {rate: tpr for tpr, _, rate in looks}


def main() -> None:
    """Runs the comparison and writes `docs/results/losses-NAME.{md,csv,png}`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--losses", nargs="+", default=["ce", "arcface", "cosface", "sphereface", "triplet"])
    add_common_options(parser, "sample")
    parser.add_argument("--no-tuning", action="store_true", help="params.yaml's learning rate for all")
    options = parser.parse_args()
    if wrong := sorted({*options.losses} - {*loss_names()}):
        raise InputError(f"--losses: {', '.join(wrong)} unknown; there are {', '.join(loss_names())}")
    refuse_unclean()
    shared, params = shared_settings(options, load_params())
    runs = {}
    try:
        for loss in options.losses:
            settings = {**shared, "recognition.loss": loss}
            rate, looks = params.recognition.learning_rate, {}
            if not options.no_tuning:
                rate, looks = tuned_rate(options.name, settings, params.recognition)
            settings["recognition.learning_rate"] = rate
            note = f"learning rate {rate:g}"
            if looks:
                note += f" (dev TPR {', '.join(f'{tpr:.3f} with {tried:g}' for tried, tpr in looks.items())})"
            entry = Entry(loss, settings, note)
            runs[entry] = run_seeds(options.name, entry, options.seeds)
    finally:
        restore()
    arguments = ["--losses", *options.losses, *(["--no-tuning"] if options.no_tuning else [])]
    command = command_of("benchmarks.losses", options, *arguments)
    stem = Path("docs/results") / f"losses-{options.name}"
    write_comparison(stem, "Losses compared", runs, params.evaluation, command)


if __name__ == "__main__":
    run_command(main)
