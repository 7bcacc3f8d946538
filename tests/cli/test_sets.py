from pathlib import Path

import pytest
from typer.testing import CliRunner

from faceline.cli.main import app
from faceline.core.errors import InputError
from faceline.core.params import read_params
from stages.check_params import check_params

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


def test_photos_are_named_by_the_form_that_is_there():
    """A folder and an archive go by one name in the variants."""
    Path("data/celeba").mkdir(parents=True)
    Path("data/celeba/img_celeba.zip").touch()
    assert CliRunner().invoke(app, ["params", "celeba"]).exit_code == 0
    assert [read_params()[group]["images"] for group in ("data", "landmarks")] == ["data/celeba/img_celeba.zip"] * 2
    Path("data/celeba/img_celeba").mkdir()
    assert CliRunner().invoke(app, ["params", "celeba"]).exit_code == 0
    assert [read_params()[group]["images"] for group in ("data", "landmarks")] == ["data/celeba/img_celeba"] * 2


def test_annotations_are_named_by_the_form_that_is_there():
    """The authors' and Kaggle's, mixed."""
    Path("data/celeba").mkdir(parents=True)
    for name in ("list_landmarks_align_celeba.csv", "list_attr_celeba.txt", "list_attr_celeba.csv"):
        Path("data/celeba", name).touch()
    assert CliRunner().invoke(app, ["params", "celeba-aligned"]).exit_code == 0
    data = read_params()["data"]
    assert data["boxes"] == data["landmarks"] == "data/celeba/list_landmarks_align_celeba.csv"
    assert data["attributes"] == "data/celeba/list_attr_celeba.txt"
    assert data["identity"] == "data/celeba/identity_CelebA.txt"


def test_what_is_not_there_is_said_before_any_work(caplog):
    Path("data/celeba").mkdir(parents=True)
    Path("data/celeba/img_celeba.7z.001").touch()
    Path("data/celeba/identity_CelebA.txt").touch()
    assert CliRunner().invoke(app, ["params", "celeba"]).exit_code == 0
    assert "data.boxes: data/celeba/list_bbox_celeba.txt" in caplog.text
    with pytest.raises(InputError) as error:
        check_params(Path("params.yaml"), Path("checked.txt"))
    assert not Path("checked.txt").exists()
    lines = str(error.value).splitlines()
    assert "data/README.md" in lines[-1]
    assert [line.strip() for line in lines[1:-1]] == [
        "data.attributes: data/celeba/list_attr_celeba.txt",
        "data.boxes: data/celeba/list_bbox_celeba.txt",
        "data.landmarks: data/celeba/list_landmarks_celeba.txt",
        *(
            f"{group}.images: data/celeba/img_celeba is still packed; `7z x data/celeba/img_celeba.7z.001 "
            "-odata/celeba` unpacks it"
            for group in ("data", "landmarks")
        ),
    ]


def test_a_form_that_came_later_is_named():
    assert CliRunner().invoke(app, ["params", "mtfl"]).exit_code == 0
    Path("data/celeba").mkdir(parents=True)
    Path("data/celeba/img_celeba.zip").touch()
    with pytest.raises(InputError, match=r"\(there is data/celeba/img_celeba\.zip: name that\)"):
        check_params(Path("params.yaml"), Path("checked.txt"))


def test_in_the_copy_of_an_experiment_the_way_to_bring_data_is_said(monkeypatch, tmp_path):
    assert CliRunner().invoke(app, ["params", "celeba-small"]).exit_code == 0
    for folder, said in ((tmp_path, False), (tmp_path / ".dvc/tmp/exps/one", True)):
        folder.mkdir(parents=True, exist_ok=True)
        monkeypatch.chdir(folder)
        with pytest.raises(InputError) as error:
            check_params(tmp_path / "params.yaml", tmp_path / "checked.txt")
        assert ("--copy-paths" in str(error.value)) is said


def test_the_sample_needs_nothing():
    assert CliRunner().invoke(app, ["params", "sample"]).exit_code == 0
    check_params(Path("params.yaml"), Path("checked.txt"))
    assert Path("checked.txt").exists()


def test_an_unknown_variant_changes_nothing():
    Path("params.yaml").write_text("mine")
    assert CliRunner().invoke(app, ["params", "celebb"]).exit_code == 2
    assert Path("params.yaml").read_text() == "mine"
