"""Recipes of training against each other: the recognition parameters of several variants, several seeds, one table.

    faceline params celeba-small                       # and commit it: the rest of the chain is its
    python -m benchmarks.recipes celeba-small celeba-small-notebook --seeds 3

Photos, split, crops and alignment are those of params.yaml for all. Recipes have to agree on backbone, input and
epochs, so that they differ in how a net is trained and not in what it is or how much it sees.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import comparison
from benchmarks.experiments import refuse_unclean, restore
from faceline.core.errors import InputError
from faceline.pipeline.variants import load_variant
from faceline.recognition.training.params import RecognitionParams
from faceline.settings.schema import load_params

SHARED = ("backbone", "stem_stride", "input_px", "epochs", "pretrained", "precision")


def settings_of(recipe: RecognitionParams, present: RecognitionParams) -> dict[str, object]:
    """What `recipe` sets otherwise than `present`, by dotted names."""

    def differing(mine: dict, theirs: dict, prefix: str) -> dict[str, object]:
        found = {}
        for key, value in mine.items():
            if isinstance(value, dict):
                found |= differing(value, theirs[key], f"{prefix}{key}.")
            elif value != theirs[key]:
                found[f"{prefix}{key}"] = value
        return found

    return differing(recipe.model_dump(exclude={"seed"}), present.model_dump(), "recognition.")


def main() -> None:
    """Runs the recipes and writes `docs/results/recipes-NAME.{md,csv,png}`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipes", nargs="+", help="variants of the parameters")
    comparison.add_common_options(parser, "celeba-small")
    options = parser.parse_args()
    refuse_unclean()
    present = load_params()
    shared, _ = comparison.shared_settings(options, present)
    recipes = {name: load_variant(name).recognition for name in options.recipes}
    for key in SHARED:
        values = {name: getattr(recipe, key) for name, recipe in recipes.items()}
        if len(set(values.values())) > 1:
            raise InputError(f"recognition.{key} must be the same in all recipes, found {values}")
    runs = {}
    try:
        for name, recipe in recipes.items():
            settings = {**settings_of(recipe, present.recognition), **shared}
            entry = comparison.Entry(name, settings, recipe.loss)
            runs[entry] = comparison.run_seeds(options.name, entry, options.seeds)
    finally:
        restore()
    command = comparison.command_of("benchmarks.recipes", options, *options.recipes)
    stem = Path("docs/results") / f"recipes-{options.name}"
    comparison.write_comparison(stem, "Recipes compared", runs, present.evaluation, command)


if __name__ == "__main__":
    comparison.run_command(main)
