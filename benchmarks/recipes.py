"""Recipes of training against each other: several variants' parameters of recognition and loss, several seeds.

    faceline params celeba-small && dvc repro          # and commit both: the rest of the chain is its
    python -m benchmarks.recipes celeba-small celeba-small-notebook --seeds 3

Photos, split, crops and alignment are those of params.yaml for all. Recipes have to agree on backbone, input and
epochs, so that they differ in how a net is trained and not in what it is or how much it sees. To compare nets, or a
pretrained one before and after training, say what may differ:

    python -m benchmarks.recipes celeba-small celeba-small-sface celeba-small-sface-tuned --differing all
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping
from pathlib import Path

from benchmarks import comparison
from benchmarks.entries import Entry, run_seeds
from benchmarks.experiments import check_workspace, flat, restore
from faceline.core.errors import InputError
from faceline.settings.schema import Params, load_params
from faceline.settings.variants import load_variant

SHARED = ("backbone", "stem_stride", "input_px", "epochs", "pretrained", "precision")
ALL = "all"


def settings_of(recipe: Params, present: Params) -> dict[str, object]:
    """What `recipe` sets otherwise than `present` for a training, the seed left out, by dotted names.

    That is the group `recognition` and the block of the loss that the recipe names; other losses are not used.
    """
    loss = recipe.recognition.loss
    used = recipe.model_dump(include={"recognition": True, "losses": {loss}}, exclude={"recognition": {"seed"}})
    known = flat(present.model_dump())
    return {key: value for key, value in flat(used).items() if value != known[key]}


def check_alike(recipes: Mapping[str, Params], differing: Collection[str]) -> None:
    """Makes sure that recipes agree on `SHARED`, but for the keys `differing`, or any where that holds `all`.

    Raises:
        InputError: they do not; the message names the key and what each recipe has.
    """
    if ALL in differing:
        return
    for key in SHARED:
        values = {name: getattr(recipe.recognition, key) for name, recipe in recipes.items()}
        if len(set(values.values())) > 1 and key not in differing:
            raise InputError(
                f"recognition.{key} must be the same in all recipes, found {values}; `--differing {key}` allows it"
            )


def note_of(recipe: Params) -> str:
    """What the table says of a recipe: its loss, or that there was no training; the weights that it starts from."""
    recognition = recipe.recognition
    start = "" if recognition.pretrained == "none" else f", from {recognition.pretrained}"
    return f"{recognition.backbone}, {recognition.loss if recognition.epochs else 'not trained'}{start}"


def main() -> None:
    """Runs the recipes and writes `docs/results/recipes-NAME.{md,csv,png}`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipes", nargs="+", help="variants of the parameters")
    comparison.add_common_options(parser, "celeba-small")
    parser.add_argument(
        "--differing", nargs="+", default=[], choices=[*SHARED, ALL], help="keys that may differ between recipes"
    )
    options = parser.parse_args()
    check_workspace()
    present = load_params()
    shared, params = comparison.shared_settings(options, present)
    recipes = {name: load_variant(name) for name in options.recipes}
    check_alike(recipes, options.differing)
    runs = {}
    try:
        for name, recipe in recipes.items():
            settings = {**settings_of(recipe, present), **shared}
            entry = Entry(name, settings, note_of(recipe))
            runs[entry] = run_seeds(options.name, entry, options.seeds)
    finally:
        restore()
    differing = ["--differing", *options.differing] if options.differing else []
    command = comparison.command_of("benchmarks.recipes", options, *options.recipes, *differing)
    stem = Path("docs/results") / f"recipes-{options.name}"
    comparison.write_comparison(stem, "Recipes compared", runs, params.evaluation, command)


if __name__ == "__main__":
    comparison.run_command(main)
