"""What an edit repeats, as `dvc status` says after it: what it touches, what follows from that, nothing else."""

import json
import shutil

import pytest
import yaml

from chain import run
from graph import STAGES

EMBED = {"embed@aligned", "embed@annotated", "embed@wild"}
EVALUATE = {"evaluate_recognition", "evaluate_wild", "headline"}  # the last gathers what the others write
CHECK = {"check_params"}  # reads all of params.yaml, and writes the same whatever it holds


@pytest.fixture(scope="module")
def repository(tiny_chain, tmp_path_factory):
    folder = tmp_path_factory.mktemp("edits") / "clone"
    shutil.copytree(tiny_chain, folder, symlinks=True)
    return folder


@pytest.fixture
def edited(repository):
    """The repository, as it was again afterwards."""
    yield repository
    run("git checkout -q . && git clean -qfd", repository)


def repeated(folder):
    """Stages whose dependencies have changed, and those that depend on what they write."""
    found = set(json.loads(run("dvc status --json", folder).stdout))
    following = found - CHECK
    while following:
        outs = {out for name in following for out in STAGES[name]["outs"]}
        following = {
            name
            for name, stage in STAGES.items()
            if name not in found
            and any(dep == out or dep.startswith(f"{out}/") for dep in stage["deps"] for out in outs)
        }
        found |= following
    return found


def touch(folder, file):
    path = folder / "faceline" / file
    path.write_text(path.read_text() + "\n")


def set_param(folder, key, value):
    path = folder / "params.yaml"
    tree = yaml.safe_load(path.read_text())
    *groups, last = key.split(".")
    group = tree
    for name in groups:
        group = group[name]
    assert group[last] != value
    group[last] = value
    path.write_text(yaml.safe_dump(tree, sort_keys=False))


def test_nothing_is_repeated_without_an_edit(edited):
    assert repeated(edited) == set()


def test_a_new_loss_repeats_nothing(edited):
    losses = edited / "faceline/recognition/losses"
    shutil.copytree(losses / "cosface", losses / "newface")
    assert repeated(edited) <= CHECK


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("recognition/losses/cosface/head.py", CHECK),
        ("recognition/losses/arcface/head.py", CHECK | {"train_recognition", "report"} | EMBED | EVALUATE),
        ("recognition/backbones/resnet18.py", CHECK),
        ("recognition/backbones/spherenet4.py", CHECK | {"train_recognition", "report"} | EMBED | EVALUATE),
        ("landmarks/evaluation/evaluation_report.py", {"evaluate_landmarks", "headline", "report"}),
        ("evaluation/recognition/sheets.py", EVALUATE | {"report"}),
        ("reporting/page.py", {"report"}),
        ("detectors/yunet.py", CHECK),
        ("data/analysis/tables.py", {"analyze", "report"}),
        ("galleries/gallery.py", set()),
        ("clusters/ray_engine.py", set()),
    ],
)
def test_an_edit_of_code_repeats_what_uses_it(edited, file, expected):
    touch(edited, file)
    assert repeated(edited) == expected


def test_an_edit_of_the_page_repeats_the_report(edited):
    template = edited / "faceline/reporting/templates/page.html"
    template.write_text(template.read_text() + "\n")
    assert repeated(edited) == {"report"}


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("losses.cosface.margin_cos", 0.3, set()),
        ("losses.arcface.margin_rad", 0.3, {"train_recognition", "report"} | EMBED | EVALUATE),
        ("evaluation.bootstrap_samples", 120, {"evaluate_landmarks", "report"} | EVALUATE),
        ("embedding.flip", False, {"report"} | EMBED | EVALUATE),
        ("wild.min_iou", 0.3, {"find_wild", "embed@wild", "evaluate_wild", "headline", "report"}),
        ("runtime.workers", 1, set()),
        ("runtime.engine", "ray", set()),
        ("data.labels_by", "somebody else", {"report"}),
        ("data.licence", "another", {"report"}),
        ("recognition.loss", "cosface", {"train_recognition", "report"} | EMBED | EVALUATE),
    ],
)
def test_a_parameter_repeats_what_uses_it(edited, key, value, expected):
    set_param(edited, key, value)
    assert repeated(edited) == CHECK | expected


def test_a_new_key_repeats_nothing_else(edited):
    """A key that the schema does not know yet stands for one that is added with the code that uses it."""
    path = edited / "params.yaml"
    path.write_text(path.read_text() + "\nnew_group:\n  key: 1\n")
    assert repeated(edited) == CHECK
