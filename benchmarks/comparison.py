"""Trainings against each other: every entry with several seeds, everything else the same, one table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import vl_convert
from pydantic import ValidationError

from benchmarks.comparison_page import draw, page, table_of
from benchmarks.entries import Entry, Run
from benchmarks.experiments import loaded
from benchmarks.paired import paired_accuracy, paired_differences, paired_identification
from faceline.core.errors import FacelineError, InputError
from faceline.core.files import replacing, write_text
from faceline.evaluation.verification.params import EvaluationParams
from faceline.evaluation.verification.roles import query_comparisons
from faceline.reporting.theme import CONFIG, VEGA_LITE
from faceline.settings.schema import Params

FPRS = (0.01, 0.001)
FPIR = 0.1


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text}")
    return int(text)


def add_common_options(parser: argparse.ArgumentParser, name: str) -> None:
    """What every comparison can be told: seeds, the name of its files, parameters that all its runs share."""
    parser.add_argument("--seeds", type=_positive, default=3)
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
        settings[key] = group[last] = loaded(value)
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
        **{
            (f"TPR@FPR={fpr:g}", "query"): paired_differences(compared, fpr, samples, seed, evaluation.block_mb)
            for fpr in FPRS
        },
        (f"TPIR@FPIR={FPIR:g}", "query"): paired_identification(tables, FPIR, samples, seed),
        ("accuracy_top1", "train"): paired_accuracy(tables, samples, seed),
    }
    table = table_of(runs)
    write_text(stem.with_suffix(".md"), page(title, table, differences, command))
    write_text(stem.with_suffix(".csv"), table.to_csv(index=False, float_format="%.6f"))
    png = vl_convert.vegalite_to_png(draw(runs), vl_version=VEGA_LITE, config=CONFIG, scale=1.5)
    with replacing(stem.with_suffix(".png")) as temporary:
        temporary.write_bytes(png)
