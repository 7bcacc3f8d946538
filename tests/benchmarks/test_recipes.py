"""What a recipe changes in the parameters at hand."""

import shutil

import pytest
import yaml

from benchmarks.recipes import check_alike, note_of, settings_of
from faceline.core.errors import InputError
from faceline.settings.schema import Params
from faceline.settings.variants import load_variant
from graph import ROOT

THEIRS = """
recognition: {seed: 9, loss: cosface, dropout: 0.05, augmentation: {erase: 0.35}}
losses:
  cosface: {scale: 48.0}
  arcface: {scale: 17.0}
"""


def test_a_recipe_carries_its_recognition_and_its_losss_block(tmp_path):
    shutil.copy(ROOT / "params/base.yaml", tmp_path)
    (tmp_path / "ours.yaml").write_text("# ours\nrecognition: {epochs: 5}\n")
    (tmp_path / "theirs.yaml").write_text(f"# theirs\nbuilds_on: ours\n{THEIRS}")
    present, recipe = (load_variant(name, tmp_path) for name in ("ours", "theirs"))
    settings = settings_of(recipe, present)
    assert settings == {
        "recognition.loss": "cosface",
        "recognition.dropout": 0.05,
        "recognition.augmentation.erase": 0.35,
        "losses.cosface.scale": 48.0,
    }
    tree = present.model_dump(mode="json")
    for key, value in settings.items():
        *groups, last = key.split(".")
        group = tree
        for name in groups:
            group = group[name]
        group[last] = value
    mended = Params.model_validate(yaml.safe_load(yaml.safe_dump(tree)))
    assert mended.recognition == recipe.recognition.model_copy(update={"seed": present.recognition.seed})
    assert mended.losses.cosface == recipe.losses.cosface
    assert settings_of(present, present) == {}


def test_recipes_agree_on_the_net_unless_told_otherwise():
    recipes = {name: load_variant(name, ROOT / "params") for name in ("celeba-small", "celeba-small-sface")}
    differing = ["backbone", "stem_stride", "epochs", "pretrained"]
    for key in differing:
        others = [other for other in differing if other != key]
        with pytest.raises(
            InputError, match=rf"recognition\.{key} .*'celeba-small': .*`--differing {key}` allows it"
        ):
            check_alike(recipes, others)
    check_alike(recipes, differing)
    check_alike(recipes, ["all"])
    check_alike(dict.fromkeys(("one", "two"), recipes["celeba-small"]), [])


def test_what_the_table_says_of_a_recipe():
    notes = {name: note_of(load_variant(name, ROOT / "params")) for name in ("celeba-small", "celeba-small-sface")}
    assert notes == {"celeba-small": "resnet18, arcface", "celeba-small-sface": "sface, not trained, from sface"}
