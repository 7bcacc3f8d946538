"""`annotate` leaves parameters with which the chain's own stages run."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from tool_fakes import face_at, write_onnx_models
from typer.testing import CliRunner

from faceline.cli.main import app
from faceline.core.params import read_params
from faceline.pipeline import load
from faceline.pipeline.known_boxes import read_boxes
from faceline.settings.schema import load_params
from stages.check_params import check_params
from stages.filter import filter as filter_stage
from stages.scan import scan

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the project's variants, models that are known, and 9 people with 4 photos each, one with 1."""
    monkeypatch.chdir(tmp_path)
    Path("params").mkdir()
    for file in (ROOT / "params").glob("*.yaml"):
        (Path("params") / file.name).write_text(file.read_text())
    write_onnx_models(Path("models"))
    _, box = face_at(1.3, (40, 30))
    _, small = face_at(0.3, (40, 30))
    rows = ["image,x,y,width,height"]
    for person, photos in enumerate([4] * 9 + [1]):
        for number in range(photos):
            path = Path(f"people/{person}/{number}.jpg")
            path.parent.mkdir(parents=True, exist_ok=True)
            noise = np.random.default_rng([person, number]).integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(noise).resize((260, 260), Image.Resampling.BILINEAR).save(path)
            face = small if (person, number) == (0, 0) else box
            rows.append(f"{path},{','.join(str(value) for value in face)}")
    Path("boxes.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def annotate(*options):
    shared = ["--runtime", "onnx", "--detector", "boxes", "--boxes", "boxes.csv", "--landmarks", "hourglass"]
    return CliRunner().invoke(app, ["annotate", *options, *shared])


def test_the_variant_runs_as_it_is(project):
    done = annotate("people", "--out", "data/mine")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["photos"], found["usable"], found["rejected"]) == (37, 36, {"small_box": 1})
    assert found["params"] == "params/mine.yaml"
    assert CliRunner().invoke(app, ["params", "mine"]).exit_code == 0
    check_params(Path("params.yaml"), Path("checked.txt"))
    params = load_params()
    data = params.data
    assert (data.source, data.licence) == (None, None)
    assert data.labels_by == "known boxes (boxes) and an hourglass (points)"
    assert params.landmarks.images == data.images == "data/mine/img_celeba.zip"
    assert params.recognition.backbone == "resnet18"  # celeba-small's recipe
    scan(data, params.runtime, Path(data.images), Path(data.landmarks), Path("photos.parquet"))
    paths = [Path(getattr(data, kind)) for kind in ("identity", "attributes", "boxes", "landmarks")]
    excluded = ROOT / "params/excluded/none.csv"
    filter_stage(params.filter, *paths, Path("photos.parquet"), excluded, Path("selected.csv"), Path("filter.json"))
    selected = pd.read_csv("selected.csv")
    people = selected.groupby("role").person.nunique().to_dict()
    assert people == {role: found["roles"][role]["people"] for role in ("train", "dev", "query")} | {"distractor": 2}
    assert len(selected) == 36


def test_the_default_detector_is_named_as_the_maker_of_boxes(project, monkeypatch):
    monkeypatch.setattr(load, "load_detector", lambda setup: read_boxes(Path("boxes.csv")))
    asked = ["annotate", "people", "--out", "data/mine", "--runtime", "onnx", "--landmarks", "hourglass"]
    assert CliRunner().invoke(app, asked).exit_code == 0
    written = read_params(Path("params/mine.yaml"))["data"]["labels_by"]
    assert written == "mtcnn (boxes) and an hourglass (points)"


def test_a_variant_of_that_name_stops_it_before_any_work(project):
    Path("params/mine.yaml").write_text("# Mine.\n")
    done = annotate("people", "--out", "data/mine")
    assert (done.exit_code, "params/mine.yaml: exists already" in done.stderr) == (2, True)
    assert not Path("data/mine").exists()
    assert Path("params/mine.yaml").read_text() == "# Mine.\n"


def test_a_name_that_the_chains_commands_cannot_hold_stops_it_too(project):
    done = annotate("people", "--out", "data/my people")
    assert (done.exit_code, "use such a name" in done.stderr) == (2, True)
    assert not Path("data/my people").exists()


def test_of_too_few_people_the_data_set_is_written_and_no_variant(project, caplog):
    for person in range(4, 10):
        for photo in Path(f"people/{person}").iterdir():
            photo.unlink()
    done = annotate("people", "--out", "data/few")
    assert done.exit_code == 0
    assert "params" not in json.loads(done.stdout)
    assert "at least 7 people are needed" in caplog.text
    assert "rejected photos: 1 small_box" in caplog.text
    assert Path("data/few/identity_CelebA.txt").is_file()
    assert not Path("params/few.yaml").exists()


def test_paths_are_relative_to_the_project(project):
    done = annotate("people", "--out", str(project / "data/own_people"))
    assert done.exit_code == 0, done.stderr
    variant = yaml.safe_load(Path("params/own_people.yaml").read_text())
    assert variant["data"]["images"] == "data/own_people/img_celeba.zip"
    assert variant["builds_on"] == "celeba-small"
