"""Which loss recognises people better: every loss with its own learning rate, several seeds, one table.

    make losses                                        # all of them, on params.yaml as it is
    python -m benchmarks.losses --losses ce arcface --seeds 3

Each run is a `dvc exp run` in the workspace, so everything before training is reused and every run is kept under its
name. First each loss is trained for half the epochs, with a seed that is used nowhere else, at three learning rates
and, as long as the best on the dev people is the lowest or the highest of them, at the next one beyond
(`rate_search.py`). Then its seeds run whole at the best rate. The table is made from DVC's own records.
The runs that look for a rate end with training: what `dvc exp show` has of later stages beside them is older.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from subprocess import CalledProcessError

import dvc.api

from benchmarks.comparison import add_common_options, command_of, run_command, shared_settings, write_comparison
from benchmarks.entries import SUMMARY, Entry, run_seeds
from benchmarks.experiments import check_workspace, dvc_run, restore
from benchmarks.rate_search import RateSearch, Score, search
from faceline.core.errors import FacelineError, InputError
from faceline.recognition.heads.registry import loss_names
from faceline.recognition.training.params import RecognitionParams
from faceline.settings.schema import load_params

TARGET = "train_recognition"
TUNING_SEED = 0
TUNING_SHARE = 0.5


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


def tuned_rate(comparison: str, settings: Mapping[str, object], recognition: RecognitionParams) -> tuple[float, str]:
    """The learning rate whose best epoch is best on dev people, by TPR and then AUC; one that fails is left out.

    Args:
        settings: of the loss, by dotted names.
        recognition: with them; its rate is the one that the search starts from.

    Returns:
        The rate, and what the table says of the search for it.

    Raises:
        FacelineError: training fails at every rate.
    """
    loss = settings["recognition.loss"]

    def score(factor: float) -> Score | None:
        name = f"{comparison}-{loss}-rate-{factor:g}"
        rate = {"recognition.learning_rate": recognition.learning_rate * factor}
        try:
            commit = dvc_run(name, {**settings, **rate, **tuning_settings(recognition)}, TARGET)
        except CalledProcessError:
            print(f"{name}: training failed, as is said above; the rate is left out")
            return None
        best = json.loads(dvc.api.read(SUMMARY, rev=commit))["best"]
        return best["dev_tpr_at_fpr_1e-2"], best["dev_auc"]

    found = search(score)
    if found.best is None:
        raise FacelineError(f"{loss}: training failed at every learning rate")
    return recognition.learning_rate * found.best, note_of(found, recognition.learning_rate)


def note_of(found: RateSearch, learning_rate: float) -> str:
    """The chosen rate, the dev people's TPR with each that was tried, and whether the search had to stop there."""
    tried = [
        f"{'fails' if score is None else f'{score[0]:.3f}'} with {factor * learning_rate:g}"
        for factor, score in found.scores.items()
    ]
    note = f"learning rate {found.best * learning_rate:g} (dev TPR {', '.join(tried)})"
    return f"{note}, at the limit of the search" if found.at_limit else note


def main() -> None:
    """Runs the comparison and writes `docs/results/losses-NAME.{md,csv,png}`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--losses", nargs="+", default=loss_names())
    add_common_options(parser, "sample")
    parser.add_argument("--no-tuning", action="store_true", help="params.yaml's learning rate for all")
    options = parser.parse_args()
    if wrong := sorted({*options.losses} - {*loss_names()}):
        raise InputError(f"--losses: {', '.join(wrong)} unknown; there are {', '.join(loss_names())}")
    check_workspace()
    shared, params = shared_settings(options, load_params())
    runs = {}
    try:
        for loss in options.losses:
            settings = {**shared, "recognition.loss": loss}
            rate = params.recognition.learning_rate
            note = f"learning rate {rate:g}"
            if not options.no_tuning:
                rate, note = tuned_rate(options.name, settings, params.recognition)
            entry = Entry(loss, {**settings, "recognition.learning_rate": rate}, note)
            runs[entry] = run_seeds(options.name, entry, options.seeds)
    finally:
        restore()
    arguments = ["--losses", *options.losses, *(["--no-tuning"] if options.no_tuning else [])]
    command = command_of("benchmarks.losses", options, *arguments)
    stem = Path("docs/results") / f"losses-{options.name}"
    write_comparison(stem, "Losses compared", runs, params.evaluation, command)


if __name__ == "__main__":
    run_command(main)
