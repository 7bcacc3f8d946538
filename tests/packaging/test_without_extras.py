"""The tool where only `pip install faceline` has been run: no PyTorch, no DVC, no pandas."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from made_people import made_calibration
from packaging.requirements import Requirement
from PIL import Image
from tool_fakes import DIM, MODEL, face_at, paint_face, write_onnx_models

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


def tool(folder, *arguments):
    script = Path(__file__).with_name("without_extras.py")
    command = [sys.executable, str(script), *map(str, arguments)]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


def answer(folder, *arguments):
    models = ["--runtime", "onnx", "--models", folder, "--detector", "boxes", "--boxes", "boxes.csv"]
    done = tool(folder, *arguments, *(models if arguments[0] != "list" else []))
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


def test_no_dependency_of_the_tool_is_pinned_and_none_is_asked_for_twice():
    requirements = [Requirement(one) for one in PROJECT["dependencies"]]
    extra = [Requirement(one) for one in PROJECT["optional-dependencies"]["train"]]
    names = [one.name for one in requirements + extra]
    assert len(names) == len(set(names))
    for one in requirements + extra:
        assert {part.operator for part in one.specifier} == {">=", "<"}, one
