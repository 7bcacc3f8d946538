"""The tool where only `pip install faceline` has been run: no PyTorch, no DVC, no pandas; and with `[measure]`."""

import itertools
import json
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import numpy as np
import pytest
from made_people import made_calibration
from packaging.requirements import Requirement
from PIL import Image
from tool_fakes import DIM, MODEL, face_at, paint_face, write_onnx_models

from faceline.cli.main import _MEASURE
from faceline.field.cache import CACHE_VARIABLE

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Exported models, a photo of one face for each of two people, and where the faces are."""
    folder = tmp_path_factory.mktemp("tool")
    write_onnx_models(folder)
    scores = np.random.default_rng(0).normal(0, 0.25, 50_000).clip(-1, 1)
    made_calibration(scores, MODEL, people=60, photos=500).write(folder / "calibration.json")
    box = np.round(face_at(1.3, (40, 50))[1])
    rows = ["image,x,y,width,height"]
    for person in (1, 2):
        photo = np.full((260, 260, 3), 128, np.uint8)
        paint_face(photo, box, person)
        Image.fromarray(photo).save(folder / f"{person}.png")
        rows.append(f"{folder / f'{person}.png'},{','.join(map(str, box))}")
    (folder / "boxes.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture
def people(folder, tmp_path, monkeypatch):
    """Three photos of each of eight people beside the models, as a folder a person."""
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    box = np.round(face_at(1.3, (40, 50))[1])
    rows = ["image,x,y,width,height"]
    for person, number in itertools.product(range(8), range(3)):
        path = Path(f"people/{person}/{number}.png")
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        photo = np.full((260, 260, 3), 128, np.uint8)
        paint_face(photo, box, person)
        noise = np.random.default_rng(number).normal(0, 9, photo.shape)
        Image.fromarray(np.clip(photo + noise, 0, 255).astype(np.uint8)).save(tmp_path / path)
        rows.append(f"{path},{','.join(map(str, box))}")
    (tmp_path / "boxes.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def tool(folder, *arguments, extra="none"):
    script = Path(__file__).with_name("without_extras.py")
    command = [sys.executable, str(script), extra, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


def answer(folder, *arguments, extra="none"):
    models = ["--runtime", "onnx", "--models", folder, "--detector", "boxes", "--boxes", "boxes.csv"]
    done = tool(folder, *arguments, *(models if arguments[0] != "list" else []), extra=extra)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_faces_are_found_embedded_enrolled_and_named(folder):
    people = [folder / "1.png", folder / "2.png"]
    assert [len(photo["faces"]) for photo in answer(folder, "detect", *people)["photos"]] == [1, 1]
    assert answer(folder, "embed", *people, "--out", "faces.npz")["embeddings"] == 2
    assert np.load(folder / "faces.npz")["embeddings"].shape == (2, DIM)
    answer(folder, "enroll", "Ada", people[0], "--gallery", "people.db")
    named = answer(folder, "identify", *people, "--gallery", "people.db")
    assert [photo["faces"][0]["name"] for photo in named["photos"]] == ["Ada", "unknown"]
    assert [person["name"] for person in answer(folder, "list", "--gallery", "people.db")["people"]] == ["Ada"]


def test_what_needs_more_says_what_to_install(folder):
    done = tool(folder, "detect", folder / "1.png", "--models", folder)
    assert done.returncode == 2
    assert done.stderr == (
        "faceline: this needs the package torch: pip install 'faceline[train]'; exported models run without it, with "
        "--runtime onnx\n"
    )


def test_what_measures_says_what_to_install(folder):
    done = tool(folder, "calibrate", folder, "--runtime", "onnx", "--models", folder)
    assert done.returncode == 2
    assert done.stderr == "faceline: this needs the package pandas: pip install 'faceline[measure]'\n"


def test_the_modules_that_the_extra_brings_are_those_that_the_message_names_it_for():
    asked = {Requirement(one).name for one in PROJECT["optional-dependencies"]["measure"]}
    owners = {module: {owner.lower() for owner in found} for module, found in packages_distributions().items()}
    assert all(owners[module] & asked for module in _MEASURE)
    assert set().union(*(owners[module] for module in _MEASURE)) >= asked


def test_people_are_measured_without_torch_and_dvc(people):
    measured = answer(people, "evaluate", "people", "--out", "results", extra="measure")
    assert (measured["people"], measured["photos_of_people"]) == (8, 24)
    assert (people / "results/index.html").is_file()
    assert answer(people, "calibrate", "people", extra="measure")["people"] == 8
    assert answer(people, "labels", "people", "--out", "doubtful", extra="measure")["source"] == "people"
    assert answer(people, "cluster", "people", extra="measure")["groups"]
    annotated = answer(people, "annotate", "people", "--out", "data", "--landmarks", "hourglass", extra="measure")
    assert annotated["photos"] == 24


def test_no_dependency_of_the_tool_is_pinned_and_none_is_asked_for_twice():
    extras = PROJECT["optional-dependencies"]
    asked = [Requirement(one) for one in PROJECT["dependencies"] + extras["measure"] + extras["train"]]
    asked = [one for one in asked if one.name != "faceline"]  # an extra of its own
    names = [one.name for one in asked]
    assert len(names) == len(set(names))
    for one in asked:
        assert {part.operator for part in one.specifier} == {">=", "<"}, one
