"""Names of people and files that other people chose: data in every form of output, or refused in one line."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tool_fakes import face_at, paint_face, write_onnx_models
from typer.testing import CliRunner, Result

from faceline.cli.main import app

ODD = [
    "two words.png",
    'it\'s "his".png',
    "a;rm -rf b.png",
    "two\nlines.png",
    "=1+1.png",
    "line\u2028.png",
    "<b>.png",
]
CONTROL = ["Ada\x1b[2J", "Ada\nBob", "Ada\x7f", "Ada\u202e"]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_onnx_models(folder)
    return folder


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A photo of a person each under the odd names, in the working directory, under an umask that hides nothing."""
    monkeypatch.chdir(tmp_path)
    _, box = face_at(1.3, (40, 50))
    box = np.round(box)
    sides = dict(zip(("x", "y", "width", "height"), box.tolist(), strict=True))
    for seed, name in enumerate(ODD):
        paint_face(image := np.full((260, 260, 3), 128, np.uint8), box, seed)
        Image.fromarray(image).save(name)
    known = [{"photo": name, "faces": [{"celeba_box": sides}]} for name in ODD]
    Path("boxes.json").write_text(json.dumps({"photos": known}))
    before = os.umask(0)
    yield ODD
    os.umask(before)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def faces(models: Path, *arguments: str) -> Result:
    return run(
        *arguments, "--runtime", "onnx", "--models", str(models), "--detector", "boxes", "--boxes", "boxes.json"
    )


def modes(*places: str) -> set[int]:
    files = [file for place in places for file in [Path(place), *Path(place).rglob("*")] if file.is_file()]
    return {stat.S_IMODE(file.stat().st_mode) for file in files}


def test_odd_file_names_go_through_every_verb_and_faces_stay_private(models: Path, photos: list[str]) -> None:
    found = json.loads(faces(models, "embed", *photos, "--out", "out;1.npz", "--draw", "drawn").stdout)
    assert [record["photo"] for record in found["photos"]] == photos
    assert found["embeddings"] == len(photos)
    with np.load("out;1.npz") as arrays:
        assert arrays["photo"].tolist() == photos
    tiles = json.loads(faces(models, "align", *photos, "--out", "tiles").stdout)
    assert [face["file"] for record in tiles["photos"] for face in record["faces"]] == [
        f"tiles/{Path(name).stem}_0.png" for name in photos
    ]
    assert modes("out;1.npz", "tiles", "drawn") == {0o600}
    assert len(list(Path("drawn").iterdir())) == len(photos)
    for name, photo in zip(["=1+1", 'O\'Neill; "x"', "<script>alert(1)</script>"], photos, strict=False):
        assert faces(models, "enroll", name, photo, "--gallery", "people.db").exit_code == 0
    named = faces(models, "identify", *photos, "--gallery", "people.db", "--threshold", "0.9", "--csv")
    rows = list(csv.DictReader(io.StringIO(named.stdout, newline="")))
    cells = ["'=1+1.png" if name == "=1+1.png" else name for name in photos]
    assert [row["photo"] for row in rows] == cells
    assert [row["name"] for row in rows[:4]] == ["'=1+1", 'O\'Neill; "x"', "<script>alert(1)</script>", "unknown"]
    assert all(float(row["similarity"]) <= 1.001 for row in rows)
    printed = faces(models, "identify", *photos, "--gallery", "people.db", "--threshold", "0.9", "--jsonl").stdout
    lines = printed.splitlines()  # which parts text at more characters than the end of a line
    assert [json.loads(line)["photo"] for line in lines] == photos
    assert json.loads(lines[0])["faces"][0]["name"] == "=1+1"
    listed = run("list", "--photos", "--jsonl", "--gallery", "people.db").stdout.splitlines()
    assert sorted(json.loads(line)["enrolled"][0]["photo"] for line in listed) == sorted(photos[:3])
    both = faces(models, "identify", *photos, "--gallery", "people.db", "--csv", "--jsonl")
    assert (both.exit_code, both.stderr.count("\n")) == (2, 1)


def test_a_file_name_that_is_no_text_is_printed_all_the_same(models: Path, photos: list[str]) -> None:
    name = b"caf\xe9.png".decode(errors="surrogateescape")
    Path(photos[0]).rename(name)
    found = faces(models, "detect", name, "--jsonl")
    assert json.loads(found.stdout)["photo"] == name
    assert faces(models, "enroll", "Ada", photos[1], "--gallery", "people.db").exit_code == 0
    rows = faces(models, "identify", name, "--gallery", "people.db", "--threshold", "0.9", "--csv").stdout
    assert r"caf\udce9.png" in rows


@pytest.mark.parametrize("name", CONTROL)
def test_names_with_control_characters_are_refused_in_one_line(models: Path, photos: list[str], name: str) -> None:
    folder = Path("staff") / name
    folder.mkdir(parents=True)
    Path(photos[0]).rename(folder / "1.png")
    Path("staff/Bob").mkdir()
    Path(photos[1]).rename("staff/Bob/1.png")
    for arguments in (
        ["enroll", name, photos[2], "--gallery", "people.db"],
        ["enroll", "--people", "staff", "--gallery", "people.db"],
        ["cluster", *photos[2:], "--gallery", "people.db", "--name", f"00000000={name}"],
        ["annotate", "staff", "--out", "data/staff"],
        ["evaluate", "staff"],
        ["calibrate", "staff"],
    ):
        refused = faces(models, *arguments)
        assert refused.exit_code == 2, arguments
        assert refused.stdout == ""
        assert refused.stderr.count("\n") == 1
        assert name not in refused.stderr
    assert not Path("people.db").exists()
    assert not Path("data/staff").exists()


def test_names_for_people_in_a_table_of_a_data_set_are_no_formulas(models: Path, photos: list[str]) -> None:
    for name, photo in zip(["=1+1", "Bob"], photos, strict=False):
        Path("staff", name).mkdir(parents=True)
        Path(photo).rename(Path("staff", name, "1.png"))
    boxes = json.loads(Path("boxes.json").read_text())["photos"]
    for one, name in zip(boxes, ["=1+1", "Bob"], strict=False):
        one["photo"] = f"staff/{name}/1.png"
    Path("boxes.json").write_text(json.dumps({"photos": boxes}))
    assert faces(models, "annotate", "staff", "--landmarks", "hourglass", "--out", "data/staff").exit_code == 0
    with Path("data/staff/people.csv").open(newline="") as file:
        assert [row["name"] for row in csv.DictReader(file)] == ["'=1+1", "Bob"]
    assert modes("data/staff") == {0o600}
    shown = json.loads(run("forget", "=1+1", "--data", "data/staff", "--dry-run").stdout)
    assert shown["data"][0]["photos"] == ["000001.png"]
    assert shown["data"][0]["originals"] == ["staff/=1+1/1.png"]
