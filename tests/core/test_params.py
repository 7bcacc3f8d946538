from pathlib import Path

import pytest
import yaml

from faceline.core.errors import InputError
from faceline.settings.schema import load_params

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "params").glob("*.yaml"))


def keys(tree, path=""):
    """Every key of a nested mapping; target_shares is free-form below its name."""
    found = set()
    for name, value in tree.items():
        found.add(path + name)
        if isinstance(value, dict) and name != "target_shares":
            found |= keys(value, path + name + ".")
    return found


def changed(tmp_path, edit):
    tree = yaml.safe_load((ROOT / "params/sample.yaml").read_text())
    edit(tree)
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(tree))
    return path


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_params_file_has_the_same_keys_and_loads(file):
    assert keys(yaml.safe_load(file.read_text())) == keys(yaml.safe_load((ROOT / "params.yaml").read_text()))
    load_params(file)


def test_the_checked_in_params_are_the_samples():
    assert (ROOT / "params.yaml").read_text() == (ROOT / "params/sample.yaml").read_text()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_leaf_has_a_comment(file):
    for line in file.read_text().splitlines():
        code, _, comment = line.partition("#")
        is_leaf = ":" in code and not code.strip().endswith(":")
        in_commented_block = code.strip().startswith(("train:", "dev:", "query:", "distractor:")) or "{scale:" in code
        assert comment.strip() or not is_leaf or in_commented_block, f"{file.name}: no comment on {line.strip()!r}"


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda t: t["recognition"].update(looss="ce"), ["recognition.looss", "unknown key", "loss, pretrained"]),
        (
            lambda t: t["recognition"].update(loss="arcfaces"),
            ["recognition.loss", "'arcface'", "'subcenter_arcface'"],
        ),
        (lambda t: t["recognition"].update(backbone="vgg"), ["recognition.backbone", "'efficientnet_b1'"]),
        (lambda t: t["crop"].pop("context"), ["crop.context", "missing"]),
        (lambda t: t["landmarks"].update(stacks=0), ["landmarks.stacks", "greater than or equal to 1"]),
        (lambda t: t.update(extra={}), ["extra", "unknown key", "runtime"]),
        (lambda t: t["filter"]["roles"]["dev"].update(min_photos=9), ["filter.roles.dev", "min_photos is larger"]),
        (lambda t: t["filter"].update(target_shares={"Tall": 0.5}), ["filter.target_shares.Tall"]),
        (lambda t: t["recognition"]["losses"]["cosface"].update(margin_rad=1), ["cosface.margin_rad", "margin_cos"]),
    ],
)
def test_a_mistake_names_the_key_and_what_is_allowed(tmp_path, edit, words):
    with pytest.raises(InputError) as error:
        load_params(changed(tmp_path, edit))
    for word in words:
        assert word in str(error.value)


def test_params_are_frozen():
    params = load_params(ROOT / "params.yaml")
    with pytest.raises(ValueError, match="frozen"):
        params.crop.context = 1.0


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_params(tmp_path / "params.yaml")
