"""A run pushed to a storage and pulled into a fresh clone: the same figures, and models that put names to faces."""

import json
import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from dvc.cli import main
from typer.testing import CliRunner

from chain import TINY, run
from faceline.cli.main import app
from faceline.pipeline.face_pipeline import default_align


def dvc(command):
    assert main(command.split()) == 0, command


@pytest.fixture
def fresh(tiny_chain, tmp_path, monkeypatch):
    """A clone that has got from the storage what the chain pushed there."""
    origin = tmp_path / "origin"
    shutil.copytree(tiny_chain, origin, symlinks=True)
    monkeypatch.chdir(origin)
    dvc(f"remote add -q -d storage {tmp_path / 'storage'}")
    dvc("push -q")
    run("git commit -qam storage", origin)
    run("git clone -q origin fresh", tmp_path)
    monkeypatch.chdir(tmp_path / "fresh")
    assert not Path("models/recognizer.safetensors").exists()
    dvc("pull -q")
    return tmp_path / "fresh"


def test_a_fresh_clone_has_the_figures_and_the_models(tiny_chain, fresh, monkeypatch):
    files = sorted(path.name for path in (tiny_chain / "metrics").glob("*.json"))
    assert len(files) > 6
    for name in files:
        assert (fresh / "metrics" / name).read_bytes() == (tiny_chain / "metrics" / name).read_bytes()
    dvc("status -q")
    assert run("git status --porcelain", fresh).stdout == ""
    lenient = default_align().model_copy(update=TINY["align"])  # the tiny hourglass finds points of no face's shape
    monkeypatch.setattr("faceline.pipeline.load.default_align", lambda _: lenient)
    options = ["--models", "models", "--detector", "boxes", "--boxes", "boxes.csv"]
    photo = aligned_photo()
    enrolled = CliRunner().invoke(app, ["enroll", "Ada", photo, "--gallery", "people.db", *options])
    assert enrolled.exit_code == 0, enrolled.stderr
    named = CliRunner().invoke(app, ["identify", photo, "--gallery", "people.db", "--threshold", "0.9", *options])
    assert named.exit_code == 0, named.stderr
    (face,) = json.loads(named.stdout)["photos"][0]["faces"]
    assert face["name"] == "Ada"
    assert face["similarity"] > 0.999


def aligned_photo():
    """A photo of the pulled sample in which `align` found a face, unpacked, and `boxes.csv` with its box."""
    table = pd.read_parquet("data/embeddings/aligned.parquet", columns=["image_id", "status"])
    name = table.image_id[table.status == "ok"].iloc[0]
    rows = [line.split() for line in Path("data/sample/list_bbox_celeba.txt").read_text().splitlines()]
    (box,) = [row[1:] for row in rows if row[0] == name]
    photo = f"img_celeba/{name}"
    with zipfile.ZipFile("data/sample/img_celeba.zip") as photos:
        photos.extract(photo)
    Path("boxes.csv").write_text(f"image,x,y,width,height\n{photo},{','.join(box)}\n")
    return photo
