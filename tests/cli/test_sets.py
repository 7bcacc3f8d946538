from pathlib import Path

import pytest
from typer.testing import CliRunner

from faceline.cli.main import app
from faceline.core.params import read_params

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    (tmp_path / "params").symlink_to(ROOT / "params")
    monkeypatch.chdir(tmp_path)


def test_a_variant_becomes_the_parameter_file():
    assert CliRunner().invoke(app, ["params", "celeba-small"]).exit_code == 0
    assert read_params()["data"]["images"] == "data/celeba/img_celeba"
    assert CliRunner().invoke(app, ["params", "sample", "--out", "deep/p.yaml"]).exit_code == 0
    assert Path("deep/p.yaml").read_text() == (ROOT / "params.yaml").read_text()


def test_an_unknown_variant_changes_nothing():
    Path("params.yaml").write_text("mine")
    assert CliRunner().invoke(app, ["params", "celebb"]).exit_code == 2
    assert Path("params.yaml").read_text() == "mine"
