"""`faceline.load`, through models that are known, and the examples of its page."""

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tool_fakes import DIM, MODEL, face_at, paint_face, write_onnx_models

import faceline
from faceline.api import Settings
from faceline.core.errors import InputError
from faceline.detectors.mtcnn import torch_nets
from faceline.exported import runtime as onnx_runtime
from faceline.pipeline.setup import Setup

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "docs/python.md").read_text(), re.DOTALL)
BOX = np.round(face_at(1.3, (40, 50))[1])


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    write_onnx_models(folder)
    return folder


@pytest.fixture
def photo(tmp_path):
    """A photo with one painted face, and the file that says where it is."""
    image = np.full((260, 260, 3), 128, np.uint8)
    paint_face(image, BOX, 1)
    Image.fromarray(image).save(tmp_path / "photo.png")
    (tmp_path / "boxes.csv").write_text(
        f"image,x,y,width,height\n{tmp_path / 'photo.png'},{','.join(map(str, BOX))}\n"
    )
    return tmp_path / "photo.png"


def test_a_photo_gives_its_faces(models, photo):
    boxes = photo.with_name("boxes.csv")
    faces = faceline.load(models, runtime="onnx", detector="boxes", boxes=str(boxes))
    assert (faces.model, faces.dim) == (MODEL, DIM)
    (face,) = faces(str(photo))
    assert face.box.tolist() == BOX.tolist()
    assert face.points.shape == (5, 2)
    assert np.linalg.norm(face.embedding) == pytest.approx(1, abs=1e-6)
    (again,) = faces.many([photo])
    assert (again.name, again.size) == (str(photo), (260, 260))
    assert np.array_equal(again.faces[0].embedding, face.embedding)


@pytest.mark.parametrize("example", EXAMPLES, ids=["embed", "detect", "many"])
def test_the_examples_of_the_page_run(example, models, monkeypatch, capsys):
    """With MTCNN's own nets, and stand-ins for what is trained."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(onnx_runtime, "onnx_nets", lambda folder: torch_nets())
    exec(example.replace("models/onnx", str(models)), {})
    lines = capsys.readouterr().out.splitlines()
    if "many" in example:
        width, height = Image.open("docs/sample.jpg").size
        assert lines[0] == lines[1]
        assert re.fullmatch(rf"docs/sample\.jpg \({width}, {height}\) \d+", lines[0])
    elif "embedding" in example:
        assert len(lines) > 5
        assert all(line.endswith(f"(5, 2) ({DIM},)") for line in lines)
    else:
        assert int(lines[0].split()[0]) > 5


def test_an_array_is_a_photo_and_gives_what_its_file_gives():
    detect = faceline.load(last="detect")
    image = np.array(Image.open(ROOT / "docs/sample.jpg").convert("RGB"))
    of_array, of_file = detect(image), detect(ROOT / "docs/sample.jpg")
    assert len(of_array) == len(of_file) > 5
    assert np.array_equal(of_array[0].box, of_file[0].box)
    assert of_array[0].embedding is None
    assert detect(np.zeros((80, 80, 3), np.uint8)) == ()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"last": "names"}, ["names", "detect, landmarks, align, embed"]),
        ({"runtmie": "onnx"}, ["runtmie", "runtime"]),
        ({"models": "nowhere", "runtime": "onnx"}, ["nowhere"]),
    ],
)
def test_a_mistake_says_what_there_is(arguments, words):
    with pytest.raises(InputError) as raised:
        faceline.load(**arguments)
    assert all(word in str(raised.value) for word in words)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("nowhere.jpg", "nowhere.jpg: no such file"),
        (np.zeros((8, 8)), r"shape \(8, 8\) and type float64; expected RGB"),
        (np.zeros((8, 8, 4), np.uint8), r"shape \(8, 8, 4\)"),
    ],
)
def test_what_is_no_photo_is_refused(models, photo, given, words):
    boxes = photo.with_name("boxes.csv")
    faces = faceline.load(models, runtime="onnx", detector="boxes", boxes=boxes)
    with pytest.raises(InputError, match=words):
        faces(given)


def test_settings_that_a_type_checker_knows_are_those_that_there_are():
    given = {"models", "boxes"}  # by their own names, for they may be text
    assert Settings.__annotations__.keys() | given == {field.name for field in fields(Setup)}


def test_importing_the_package_imports_nothing_else():
    ask = (
        "import sys, faceline; print(sorted(name for name in sys.modules if name.startswith(('faceline.', 'numpy'))))"
    )
    printed = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert printed.strip() == "[]"
    with pytest.raises(AttributeError, match="laod"):
        faceline.laod  # noqa: B018
