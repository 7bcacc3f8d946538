from pathlib import Path

import pytest
import yaml

from faceline.core.errors import InputError
from faceline.settings.variants import merge_variant, variant_names, write_variant

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "params"
BASE = """# Base.

a:                       # a group
  one: 1.0               # px
  roles: {x: 1, y: 2}    # people
  free: {}               # anything
b:
  words: [p, q]          # some
  longer: no             # said
"""


@pytest.fixture
def folder(tmp_path):
    for name, text in {
        "base": BASE,
        "small": "# Small.\n# Quite.\na: {one: 0.001, roles: {y: 3}}\n",
        "tiny": "# Tiny.\nbuilds_on: small\na: {free: {z: 0.5}}\nb: {words: [r], longer: a/long/path/of/a/file}\n",
    }.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def test_values_are_replaced_and_all_else_is_the_bases(folder):
    assert merge_variant("tiny", folder) == (
        "# Tiny.\n"
        "# Written by `faceline params tiny` from params/base.yaml and params/tiny.yaml.\n"
        "\n"
        "a:                       # a group\n"
        "  one: 0.001             # px\n"
        "  roles: {x: 1, y: 3}    # people\n"
        "  free: {z: 0.5}         # anything\n"
        "b:\n"
        "  words: [r]             # some\n"
        "  longer: a/long/path/of/a/file # said\n"
    )
    assert yaml.safe_load(merge_variant("small", folder)) == yaml.safe_load(BASE) | {
        "a": {"one": 0.001, "roles": {"x": 1, "y": 3}, "free": {}}
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: {two: 2}", r"new\.yaml: a\.two: no such key in base\.yaml; there are one, roles, free"),
        ("a: {roles: {z: 2}}", r"a\.roles\.z: no such key"),
        ("c: 1", r"c: no such key in base\.yaml; there are a, b"),
        ("builds_on: huge", r"no parameters called 'huge'; .* has new, small, tiny"),
        ("builds_on: new", "builds on itself"),
        ("a: [1", "not valid YAML"),
    ],
)
def test_mistakes_in_a_variant_are_named(folder, text, words):
    (folder / "new.yaml").write_text(text)
    with pytest.raises(InputError, match=words):
        merge_variant("new", folder)


def test_an_unknown_variant_lists_those_there_are(folder, tmp_path):
    for name in ("middle", "base", "../params"):
        with pytest.raises(InputError, match="has small, tiny"):
            merge_variant(name, folder)
    with pytest.raises(InputError, match=r"base\.yaml: no such file"):
        merge_variant("small", tmp_path / "nowhere")


@pytest.mark.parametrize("name", variant_names(FOLDER))
def test_every_variant_is_valid_and_keeps_every_comment(name, tmp_path):
    write_variant(name, tmp_path / "out.yaml", FOLDER)
    lines, base = (path.read_text().splitlines() for path in (tmp_path / "out.yaml", FOLDER / "base.yaml"))
    keys = [[line.split("#")[0].split(":")[0] for line in text if not line.startswith("#")] for text in (lines, base)]
    assert keys[0] == keys[1]
    comments = [[line.partition(" #")[2] for line in text if not line.startswith("#")] for text in (lines, base)]
    assert comments[0] == comments[1]
    assert lines[0] == (FOLDER / f"{name}.yaml").read_text().splitlines()[0]


def test_nothing_is_written_where_a_value_is_out_of_range(tmp_path):
    (tmp_path / "base.yaml").write_text((FOLDER / "base.yaml").read_text())
    (tmp_path / "odd.yaml").write_text("crop: {max_px: 1}\n")
    with pytest.raises(InputError, match=r"crop\.max_px"):
        write_variant("odd", tmp_path / "out.yaml", tmp_path)
    assert not (tmp_path / "out.yaml").exists()


def test_the_checked_in_params_are_the_samples():
    assert (ROOT / "params.yaml").read_text() == merge_variant("sample", FOLDER)


def test_every_key_of_the_base_has_a_comment():
    for line in (FOLDER / "base.yaml").read_text().splitlines():
        code, _, comment = line.partition("#")
        is_key = ":" in code and code.strip() != "augmentation:"
        in_commented_block = code.strip().startswith(("train:", "dev:", "query:", "distractor:"))
        assert comment.strip() or not is_key or in_commented_block, f"no comment on {line.strip()!r}"
