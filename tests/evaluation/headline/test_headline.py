import json
import subprocess
from pathlib import Path

import pytest
import yaml

from faceline.core.errors import InputError
from faceline.evaluation.headline.headline import HEADLINE, headline

ROOT = Path(__file__).resolve().parents[3]


def test_the_committed_headline_is_what_the_committed_files_say():
    """The key, less the prefix that tells original photos from annotations, is a key of its file."""
    committed = json.loads((ROOT / "metrics/headline.json").read_text())
    assert 10 <= len(committed) <= 15
    files = {
        name: json.loads((ROOT / f"metrics/{name}.json").read_text()) for name in ("landmarks", "recognition", "wild")
    }
    for key, value in committed.items():
        name = "landmarks" if key.startswith("nme_") else "wild" if key.startswith("wild_") else "recognition"
        assert files[name][key.removeprefix("wild_")] == value


def test_a_figure_that_is_missing_is_named_with_its_file(tmp_path):
    for file, keys in HEADLINE.items():
        (tmp_path / file).write_text(json.dumps(dict.fromkeys(keys, 0.5)))
    assert set(headline(tmp_path).values()) == {0.5}
    (tmp_path / "wild.json").write_text('{"tpr_at_fpr_1e-2": null}')
    with pytest.raises(InputError, match=r"wild\.json: has no failure_to_acquire"):
        headline(tmp_path)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """The project's files of metrics, as dvc.yaml lists them: a commit, and two figures that have changed since."""
    folder = tmp_path_factory.mktemp("repository")
    (folder / "metrics").mkdir()
    for name in ("headline", "recognition", "wild"):
        (folder / f"metrics/{name}.json").write_bytes((ROOT / f"metrics/{name}.json").read_bytes())
    listed = yaml.safe_load((ROOT / "dvc.yaml").read_text())["metrics"]
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"metrics": listed}))
    who = ["-c", "user.name=somebody", "-c", "user.email=somebody@localhost"]
    for command in (
        ["git", "init", "-q"],
        ["dvc", "init", "-q"],
        ["git", "add", "."],
        ["git", *who, "commit", "-qm", "a"],
    ):
        subprocess.run(command, cwd=folder, check=True)
    for name, key in (("headline", "eer"), ("recognition", "triplet_accuracy")):
        path = folder / f"metrics/{name}.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {key: 0.25}))
    return folder


def difference(repository, *options):
    command = ["dvc", "metrics", "diff", "--json", *options]
    printed = subprocess.run(command, cwd=repository, check=True, capture_output=True, text=True).stdout
    return {file: {key for key, entry in keys.items()} for file, keys in json.loads(printed).items()}


def test_a_diff_shows_the_headline_alone(repository):
    assert difference(repository) == {"metrics/headline.json": {"eer"}}


def test_one_option_shows_the_rest(repository):
    found = difference(repository, "--targets", "metrics/recognition.json", "metrics/wild.json")
    assert found == {"metrics/recognition.json": {"triplet_accuracy"}}
