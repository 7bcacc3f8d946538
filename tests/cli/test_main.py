"""Every verb, through models that are known: what goes to stdout, what to stderr, and with which exit code."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from made_people import made_calibration
from PIL import Image
from tool_fakes import DIM, MODEL, face_at, paint_face, write_onnx_models
from typer.testing import CliRunner, Result

from faceline.cli.main import app
from faceline.imaging.images import encode_jpeg
from faceline.packed.sets import PackedWriter

VERBS = ["detect", "align", "embed", "verify", "enroll", "identify", "list", "remove", "export", "import"]
VERBS += ["cluster", "index", "forget", "fetch", "calibrate", "evaluate", "labels"]
VERBS += ["annotate", "pack", "export-onnx", "export-images", "params"]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_onnx_models(folder)
    scores = np.random.default_rng(0).normal(0, 0.25, 50_000).clip(-1, 1)
    made_calibration(scores, MODEL, people=60, photos=500).write(folder / "calibration.json")
    return folder


class World:
    """A folder of photos with painted faces, and the file that says where they are."""

    def __init__(self, folder: Path, models: Path) -> None:
        self.folder = folder
        self.models = models
        self._boxes: list[str] = []
        self.boxes = folder / "boxes.csv"

    def photo(self, name: str, *seeds: int) -> Path:
        """A photo with one face for each seed; the same seed is the same person, give or take some noise."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = np.full((260, 260 * max(1, len(seeds)), 3), 128, np.uint8)
        for place, seed in enumerate(seeds):
            _, box = face_at(1.3, (40 + 260 * place, 50))
            box = np.round(box)
            paint_face(image, box, seed)
            self._boxes.append(f"{path},{','.join(str(value) for value in box)}")
        Image.fromarray(image).save(path)
        self.boxes.write_text("\n".join(["image,x,y,width,height", *self._boxes, ""]))
        return path

    def run(self, *arguments: object, models: Path | None = None) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    def faces(self, verb: str, *arguments: object, models: Path | None = None) -> Result:
        shared = [
            "--runtime",
            "onnx",
            "--models",
            models or self.models,
            "--detector",
            "boxes",
            "--boxes",
            self.boxes,
        ]
        return self.run(verb, *arguments, *shared)


@pytest.fixture
def world(tmp_path: Path, models: Path) -> World:
    return World(tmp_path, models)


def answer(result: Result) -> dict:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_help_of_every_verb_shows_examples() -> None:
    listing = CliRunner().invoke(app, ["--help"]).stdout
    for verb in VERBS:
        assert verb in listing
        shown = CliRunner().invoke(app, [verb, "--help"])
        assert shown.exit_code == 0
        assert f"faceline {verb} " in shown.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_only_verbs_that_use_models_take_their_folder(verb: str) -> None:
    shown = CliRunner().invoke(app, [verb, "--help"]).stdout
    without = {"list", "remove", "forget", "export", "import", "index", "fetch", "pack", "export-images", "params"}
    assert bool(re.search(r"--models +DIR", shown)) is (verb not in without)


def test_detect_gives_boxes_and_sizes(world: World) -> None:
    photo = world.photo("two.png", 1, 2)
    empty = world.photo("none.png")
    found = answer(world.faces("detect", photo, empty))
    first, second = found["photos"]
    assert (first["status"], first["width"], first["height"]) == ("ok", 520, 260)
    assert len(first["faces"]) == 2
    face = first["faces"][0]
    assert face["box"].keys() == {"x", "y", "width", "height"}
    assert face["celeba_box"] == face["box"]  # the stand-in's boxes are CelebA's
    assert (face["detector"], face["score"]) == ("boxes", 1)
    assert "points" not in face  # known boxes bring none
    assert second["status"] == "no_face"


def test_what_detect_prints_serves_as_boxes(world: World) -> None:
    """The same faces come out of an alignment by the printed boxes as by the first ones."""
    photo = world.photo("two.png", 1, 2)
    (world.folder / "faces.json").write_text(world.faces("detect", photo).stdout)
    shared = ["--runtime", "onnx", "--models", world.models, "--detector", "boxes", "--out", world.folder / "tiles"]
    again = answer(world.run("align", photo, *shared, "--boxes", world.folder / "faces.json"))
    first = answer(world.run("align", photo, *shared, "--boxes", world.boxes))
    points = [[face["points"] for face in found["photos"][0]["faces"]] for found in (again, first)]
    assert points[0] == points[1]
    assert {face["points_by"] for face in again["photos"][0]["faces"]} == {"hourglass"}


def test_one_good_photo_is_enough_and_none_is_bad_input(world: World) -> None:
    good = world.photo("good.png", 1)
    (world.folder / "bad.jpg").write_text("no photo")
    (world.folder / "empty.jpg").touch()
    result = world.faces(
        "detect", world.folder / "bad.jpg", good, world.folder / "gone.jpg", world.folder / "empty.jpg"
    )
    assert [record["status"] for record in answer(result)["photos"]] == [
        "unreadable",
        "ok",
        "unreadable",
        "unreadable",
    ]
    nothing = world.faces("detect", world.folder / "bad.jpg", world.folder / "empty.jpg")
    assert nothing.exit_code == 2
    assert [record["status"] for record in json.loads(nothing.stdout)["photos"]] == ["unreadable"] * 2
    assert "could be read" in nothing.stderr
    assert "Traceback" not in nothing.stderr


def test_folders_and_patterns(world: World) -> None:
    world.photo("in/a.png", 1)
    world.photo("in/deep/b.png", 2)
    assert len(answer(world.faces("detect", world.folder / "in"))["photos"]) == 2
    assert len(answer(world.faces("detect", world.folder / "in/*.png"))["photos"]) == 1


def test_draw_writes_the_photo_with_what_was_found(world: World) -> None:
    photo = world.photo("a.png", 1)
    answer(world.faces("detect", photo, "--draw", world.folder / "drawn.png"))
    drawn = np.asarray(Image.open(world.folder / "drawn.png").convert("RGB"))
    plain = np.asarray(Image.open(photo))
    assert drawn.shape == plain.shape
    x, y, width, height = (round(float(value)) for value in world.boxes.read_text().splitlines()[1].split(",")[1:])
    assert (drawn[y + height, x : x + width] == (60, 220, 90)).all(axis=1).mean() > 0.9
    world.photo("b.png", 2)
    answer(world.faces("detect", photo, world.folder / "b.png", "--draw", world.folder / "drawn"))
    assert sorted(path.name for path in (world.folder / "drawn").iterdir()) == ["a.jpg", "b.jpg"]
    refused = world.faces("detect", photo, world.folder / "b.png", "--draw", world.folder / "one.jpg")
    assert refused.exit_code == 2


@pytest.mark.parametrize("target", ["a.png", ".", "link"])
def test_draw_never_writes_over_photos(world: World, target: str) -> None:
    photo = world.photo("a.png", 1)
    (world.folder / "link").symlink_to(world.folder)
    before = photo.read_bytes()
    refused = world.faces("detect", photo, "--draw", world.folder / target)
    assert refused.exit_code == 2
    assert "name another place" in refused.stderr
    assert photo.read_bytes() == before
    assert {one.name for one in world.folder.iterdir()} == {"a.png", "boxes.csv", "link"}


def test_align_writes_tiles(world: World) -> None:
    photos = [world.photo("x/a.png", 1, 2), world.photo("y/a.png", 3)]
    found = answer(world.faces("align", *photos, "--out", world.folder / "tiles"))
    files = [face["file"] for record in found["photos"] for face in record["faces"]]
    assert [Path(file).name for file in files] == ["a_0.png", "a_1.png", "a_0-2.png"]
    for file in files:
        assert Image.open(file).size == (112, 112)
    assert {face["points_by"] for record in found["photos"] for face in record["faces"]} == {"hourglass"}
    points = found["photos"][0]["faces"][0]["points"]
    assert points["left_eye"][0] < points["right_eye"][0]


def test_embed_writes_one_row_for_each_face(world: World) -> None:
    found = answer(
        world.faces("embed", world.photo("a.png", 1, 2), world.photo("b.png", 1), "--out", world.folder / "e.npz")
    )
    with np.load(world.folder / "e.npz", allow_pickle=False) as arrays:
        vectors, photo, face = arrays["embeddings"], arrays["photo"], arrays["face"]
        assert str(arrays["model"]) == MODEL
    assert found["embeddings"] == 3
    assert vectors.shape == (3, DIM)
    assert [Path(name).name for name in photo] == ["a.png", "a.png", "b.png"]
    assert face.tolist() == [0, 1, 0]
    similarity = vectors @ vectors.T
    assert similarity[0, 2] > 0.99 > similarity[0, 1] + 0.3


@pytest.fixture
def gallery(world: World) -> Path:
    path = world.folder / "people.db"
    for seed, name in enumerate(["Ada", "Bob"], 1):
        answer(world.faces("enroll", name, world.photo(f"{name}.png", seed), "--gallery", path))
    return path


def test_enroll_adds_to_a_person(world: World, gallery: Path) -> None:
    found = answer(world.faces("enroll", "Ada", world.photo("again.png", 1), "--gallery", gallery))
    assert found["enrolled"] == [{"name": "Ada", "added": 1, "already": 0, "photos": 2}]
    everybody = answer(world.run("list", "--gallery", gallery))["people"]
    assert [(person["name"], person["photos"]) for person in everybody] == [("Ada", 2), ("Bob", 1)]


def test_a_photo_enrolled_again_is_left_as_it_is(world: World, gallery: Path) -> None:
    again = world.folder / "Ada.png"
    found = answer(world.faces("enroll", "Ada", again, world.photo("more/Ada.png", 7), "--gallery", gallery))
    assert found["enrolled"] == [{"name": "Ada", "added": 1, "already": 1, "photos": 2}]
    assert [record["faces"][0]["already"] for record in found["photos"]] == [True, False]
    nothing = answer(world.faces("enroll", "Ada", again, "--gallery", gallery))
    assert nothing["enrolled"] == [{"name": "Ada", "added": 0, "already": 1, "photos": 2}]
    twice = [world.photo("new/Bob.png", 8), world.photo("copy/Bob.png", 8)]
    found = answer(world.faces("enroll", "Bob", *twice, "--gallery", gallery))
    assert found["enrolled"] == [{"name": "Bob", "added": 1, "already": 1, "photos": 2}]
    assert [record["faces"][0]["enrolled"] for record in found["photos"]] == [True, False]


def test_enroll_a_folder_for_each_person(world: World, caplog: pytest.LogCaptureFixture) -> None:
    for seed, name in enumerate(["Ada/1.png", "Ada/2.png", "Bob/1.png", "Cid/1.png"]):
        world.photo(f"staff/{name}", *([] if name.startswith("Cid") else [seed]))
    (world.folder / "staff/Dan").mkdir()
    (world.folder / "staff/Dan/1.docx").touch()
    world.photo("staff/Eve/1.jpg", 9).rename(world.folder / "staff/Eve/1.HEIC")
    result = world.faces("enroll", "--people", world.folder / "staff", "--gallery", world.folder / "staff.db")
    assert result.exit_code == 1  # Cid's photo shows no face
    assert "for want of a usable face: Cid, Eve" in result.stderr
    assert "no photos lie in their folders: Dan" in caplog.text
    assert {one["name"]: one["added"] for one in json.loads(result.stdout)["enrolled"]} == {"Ada": 2, "Bob": 1}


def test_every_photo_is_listed_with_its_quality_and_can_be_taken_back(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    path = world.folder / "people.db"
    small = Image.new("RGB", (260, 260), "gray")
    _, box = face_at(0.4, (100, 100))
    paint_face(image := np.array(small), np.round(box), 1)
    Image.fromarray(image).save(world.folder / "small.png")
    good = world.photo("good.png", 1)
    boxes = [*world.boxes.read_text().split(), f"{world.folder / 'small.png'},{','.join(map(str, np.round(box)))}"]
    world.boxes.write_text("\n".join(boxes))
    shared = ["--gallery", path, "--min-face", 12]
    found = answer(world.faces("enroll", "Ada", good, world.folder / "small.png", *shared))
    faces = [record["faces"][0] for record in found["photos"]]
    assert [face["warnings"] for face in faces] == [[], ["blurred", "small"]]
    assert faces[0]["quality"].keys() == {"sharpness", "face_px", "yaw", "pitch", "score"}
    assert "small.png: enrolled for Ada, but the face is blurred, small" in caplog.text
    (person,) = answer(world.run("list", "--photos", "--gallery", path))["people"]
    assert [(photo["photo"], photo["warnings"]) for photo in person["enrolled"]] == [
        ("good.png", []),
        ("small.png", ["blurred", "small"]),
    ]
    assert person["enrolled"][0]["quality"] == faces[0]["quality"]
    answer(world.run("remove", "Ada", "--photo", "small.png", "--gallery", path))
    (person,) = answer(world.run("list", "--photos", "--gallery", path))["people"]
    assert [photo["photo"] for photo in person["enrolled"]] == ["good.png"]
    assert world.run("remove", "Ada", "Bob", "--photo", "good.png", "--gallery", path).exit_code == 2


def test_one_name_at_most_once_a_photo_unless_asked_otherwise(world: World, gallery: Path) -> None:
    photo = world.photo("mirror.png", 1, 1, 2)
    once = answer(world.faces("identify", photo, "--gallery", gallery))["photos"][0]["faces"]
    assert sorted(face["name"] for face in once) == ["Ada", "Bob", "unknown"]
    assert [face["repeat_of"] for face in once if face["name"] == "unknown"] == ["Ada"]
    twice = answer(world.faces("identify", photo, "--gallery", gallery, "--allow-repeats"))["photos"][0]["faces"]
    assert [face["name"] for face in twice] == ["Ada", "Ada", "Bob"]


def test_identify_by_the_nearest_photo(world: World, gallery: Path) -> None:
    """Ada has two very different photos; the mean of both is near to neither."""
    answer(world.faces("enroll", "Ada", world.photo("other.png", 9), "--gallery", gallery))
    photo = world.photo("a.png", 9)
    by = {
        search: answer(world.faces("identify", photo, "--gallery", gallery, "--search", search))
        for search in ("mean", "nearest")
    }
    faces = {search: found["photos"][0]["faces"][0] for search, found in by.items()}
    assert by["nearest"]["search"] == "nearest"
    assert faces["nearest"]["name"] == "Ada"
    assert faces["nearest"]["similarity"] > 0.99 > faces["mean"]["similarity"] + 0.05


@pytest.mark.parametrize("search", ["mean", "nearest"])
def test_a_gallery_with_an_index_answers_as_without(world: World, gallery: Path, search: str) -> None:
    pytest.importorskip("usearch")
    photo = world.photo("party.png", 2, 77, 1)
    asked = ["identify", photo, "--gallery", gallery, "--search", search, "--threshold", 0.5]
    without = answer(world.faces(*asked))
    made = answer(world.run("index", "--gallery", gallery, "--search", search))
    assert Path(made["index"]).is_dir()
    assert answer(world.faces(*asked)) == without
    answer(world.run("remove", "Bob", "--gallery", gallery))
    assert answer(world.faces(*asked))["photos"][0]["faces"][0]["name"] == "unknown"


@pytest.mark.filterwarnings("ignore:.*local")
def test_every_verb_takes_a_gallery_in_a_service(world: World, gallery: Path) -> None:
    pytest.importorskip("qdrant_client")
    service = f"qdrant://{world.folder}/service/people"
    file = world.folder / "out.npz"
    answer(world.run("export", file, "--gallery", gallery))
    assert answer(world.run("import", file, "--gallery", service))["imported"] == 2
    photo = world.photo("party.png", 2, 77, 1)
    named = [
        answer(world.faces("identify", photo, "--gallery", one, "--threshold", 0.5))["photos"]
        for one in (gallery, service)
    ]
    assert named[0] == named[1]
    strangers = ["cluster", photo, world.photo("b.png", 77, 88), world.photo("c.png", 88), "--gallery", service]
    groups = answer(world.faces(*strangers, "--threshold", 0.5))["groups"]
    group = next(one["group"] for one in groups if str(photo) in one["photos"])
    enrolled = answer(world.faces(*strangers, "--threshold", 0.5, "--name", f"{group}=Cid"))["enrolled"]
    assert enrolled == [{"group": group, "name": "Cid", "added": 2, "already": 0}]
    answer(world.faces("enroll", "Ada", world.photo("again.png", 1), "--gallery", service))
    answer(world.run("remove", "Bob", "--gallery", service))
    everybody = answer(world.run("list", "--gallery", service))["people"]
    assert [(person["name"], person["photos"]) for person in everybody] == [("Ada", 2), ("Cid", 2)]
    refused = world.run("index", "--gallery", service)
    assert refused.exit_code == 2
    assert "keeps its own index" in refused.stderr


def test_identify_names_the_enrolled_and_nobody_else(world: World, gallery: Path) -> None:
    photo = world.photo("party.png", 2, 77, 1)
    found = answer(world.faces("identify", photo, "--gallery", gallery, "--draw", world.folder / "named.jpg"))
    assert [face["name"] for face in found["photos"][0]["faces"]] == ["Bob", "unknown", "Ada"]
    assert found["gallery_size"] == 2
    assert found["fpir"] == 0.01
    assert found["supported"] is True
    face = found["photos"][0]["faces"][0]
    assert face["threshold"] < face["similarity"] <= 1
    assert (world.folder / "named.jpg").exists()
    strict = answer(world.faces("identify", photo, "--gallery", gallery, "--fpir", 0.001))
    assert strict["photos"][0]["faces"][0]["threshold"] > face["threshold"]


def test_identify_says_what_the_calibration_cannot_support(
    world: World, gallery: Path, caplog: pytest.LogCaptureFixture
) -> None:
    result = world.faces("identify", world.photo("a.png", 1), "--gallery", gallery, "--fpir", 1e-6)
    assert answer(result)["supported"] is False
    assert answer(result)["fpir"] > 1e-6
    assert "vouches" in caplog.text


def test_identify_says_when_people_have_more_photos_than_the_calibration(
    world: World, gallery: Path, caplog: pytest.LogCaptureFixture
) -> None:
    photo = world.photo("a.png", 1)
    answer(world.faces("identify", photo, "--gallery", gallery))
    assert "photos a person" not in caplog.text
    answer(world.faces("enroll", "Ada", world.photo("again.png", 1), "--gallery", gallery))
    answer(world.faces("identify", photo, "--gallery", gallery))
    assert "up to 1 photos a person, and 1 enrolled people have more" in caplog.text


def test_identify_as_rows(world: World, gallery: Path) -> None:
    world.photo("monday/a.png", 1, 77)
    world.photo("monday/b.png")
    (world.folder / "monday/c.jpg").write_text("no photo")
    result = world.faces("identify", world.folder / "monday", "--gallery", gallery, "--csv")
    assert result.exit_code == 0
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [(Path(row["photo"]).name, row["status"], row["name"]) for row in rows] == [
        ("a.png", "ok", "Ada"),
        ("a.png", "ok", "unknown"),
        ("b.png", "no_face", ""),
        ("c.jpg", "unreadable", ""),
    ]


def test_identify_without_or_with_a_strange_calibration(world: World, gallery: Path, tmp_path: Path) -> None:
    photo = world.photo("a.png", 1)
    write_onnx_models(tmp_path / "bare")
    bare = world.faces("identify", photo, "--gallery", gallery, models=tmp_path / "bare")
    assert bare.exit_code == 2
    assert "--threshold" in bare.stderr
    chosen = world.faces("identify", photo, "--gallery", gallery, "--threshold", 0.5, models=tmp_path / "bare")
    assert answer(chosen)["fpir"] is None
    made_calibration(np.linspace(-1, 1, 5000), "d" * 64, 9, 9).write(tmp_path / "bare/calibration.json")
    strange = world.faces("identify", photo, "--gallery", gallery, models=tmp_path / "bare")
    assert strange.exit_code == 2
    assert "another recogniser" in strange.stderr


@pytest.fixture
def album(world: World) -> list[Path]:
    """Three people in four photos each, one of a person who is in no other, and one without a face."""
    people = [world.photo(f"album/{seed}{letter}.png", seed) for seed in (21, 22, 23) for letter in "abcd"]
    return [*people, world.photo("album/stranger.png", 99), world.photo("album/none.png")]


def test_cluster_groups_faces_and_a_name_enrolls_a_group(world: World, album: list[Path]) -> None:
    found = answer(world.faces("cluster", *album, "--out", world.folder / "groups"))
    assert [(group["faces"], {Path(photo).stem[:2] for photo in group["photos"]}) for group in found["groups"]] == [
        (4, {"21"}),
        (4, {"22"}),
        (4, {"23"}),
    ]
    assert found["alone"] == 1
    names = [group["group"] for group in found["groups"]]
    by_photo = {Path(record["photo"]).stem: record["faces"] for record in found["photos"]}
    assert [by_photo[f"{seed}a"][0]["group"] for seed in (21, 22, 23)] == names
    assert by_photo["21a"][0]["strength"] > 0.5
    assert "group" not in by_photo["stranger"][0]
    assert sorted(file.name for file in (world.folder / "groups" / names[1]).iterdir())[0] == "22a_0.png"

    path = world.folder / "people.db"
    named = answer(world.faces("cluster", *album, "--gallery", path, "--name", f"{names[1]}=Bea"))
    assert named["enrolled"] == [{"group": names[1], "name": "Bea", "added": 4, "already": 0}]
    again = answer(world.faces("cluster", *album, "--gallery", path, "--name", f"{names[1]}=Bea", "--threshold", 1))
    assert again["enrolled"] == [{"group": names[1], "name": "Bea", "added": 0, "already": 4}]
    (person,) = answer(world.run("list", "--photos", "--gallery", path))["people"]
    assert (person["name"], [photo["photo"] for photo in person["enrolled"]]) == (
        "Bea",
        [f"22{letter}.png" for letter in "abcd"],
    )
    later = answer(world.faces("cluster", *album, "--gallery", path, "--threshold", 0.9))
    assert [group["group"] for group in later["groups"]] == [names[0], names[2]]
    known = [face["name"] for record in later["photos"] for face in record["faces"] if "name" in face]
    assert known == ["Bea"] * 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--name", "deadbeef=Ada", "--gallery", "people.db"], "no such group among these photos; the groups are"),
        (["--name", "deadbeef=Ada"], "--gallery"),
        (["--name", "deadbeef", "--gallery", "people.db"], "expected GROUP=NAME"),
        (["--name", "deadbeef=unknown", "--gallery", "people.db"], "choose another"),
        (["--name", "a=Ada", "--name", "a=Bob", "--gallery", "people.db"], "the group has a name already"),
    ],
)
def test_names_for_no_group(
    world: World, album: list[Path], monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(world.folder)
    result = world.faces("cluster", *album[:8], *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not (world.folder / "people.db").exists()


def test_remove_export_and_import(world: World, gallery: Path) -> None:
    assert answer(world.run("export", world.folder / "all.npz", "--gallery", gallery))["people"] == 2
    assert answer(world.run("remove", "Ada", "--gallery", gallery))["people"] == 1
    again = world.run("remove", "Ada", "--gallery", gallery)
    assert again.exit_code == 2
    assert "Ada" in again.stderr
    copy = world.folder / "copy.db"
    assert answer(world.run("import", world.folder / "all.npz", "--gallery", copy))["people"] == 2
    assert world.run("import", world.folder / "all.npz", "--gallery", copy).exit_code == 2
    more = answer(world.run("import", world.folder / "all.npz", "--gallery", copy, "--existing", "add"))
    assert (more["people"], more["imported"], more["already"], more["complete"]) == (2, 2, 2, True)
    assert answer(world.run("remove", "Ada", "Ada", "--gallery", copy))["removed"] == ["Ada"]
    onto_itself = world.run("export", copy, "--gallery", copy)
    assert onto_itself.exit_code == 2
    assert "this is the gallery" in onto_itself.stderr


@pytest.mark.parametrize("verb", ["list", "remove", "export", "identify"])
def test_a_gallery_that_is_not_there(world: World, verb: str) -> None:
    target = {"list": [], "remove": ["Ada"], "export": ["x.npz"], "identify": [world.photo("a.png", 1)]}[verb]
    run = world.faces if verb == "identify" else world.run
    result = run(verb, *target, "--gallery", world.folder / "gone.db")
    assert result.exit_code == 2
    assert "makes a gallery" in result.stderr
    assert not (world.folder / "gone.db").exists()


def test_no_face_to_enroll_is_a_failure_and_no_photo_bad_input(world: World) -> None:
    path = world.folder / "people.db"
    world.photo("somebody else.png", 1)
    assert world.faces("enroll", "Ada", world.photo("none.png"), "--gallery", path).exit_code == 1
    (world.folder / "bad.jpg").touch()
    assert world.faces("enroll", "Ada", world.folder / "bad.jpg", "--gallery", path).exit_code == 2
    assert world.faces("enroll", "Ada", "--gallery", path).exit_code == 2


def test_verify_pairs(world: World) -> None:
    lines = ["2 3"]
    for person in range(6):
        for photo in (1, 2):
            seeds = [] if (person, photo) == (5, 2) else [person]
            world.photo(f"lfw/P{person}/P{person}_{photo:04d}.png", *seeds)
    for fold in range(2):
        lines += [f"P{person}\t1\t2" for person in range(3 * fold, 3 * fold + 3)]
        lines += [f"P{person}\t1\tP{(person + 1) % 6}\t1" for person in range(3 * fold, 3 * fold + 3)]
    (world.folder / "pairs.txt").write_text("\n".join(lines) + "\n")
    found = answer(world.faces("verify", world.folder / "pairs.txt", "--images", world.folder / "lfw"))
    assert found["pairs"] == 12
    assert found["genuine_pairs_failed"] == 1
    assert found["failure_to_acquire"] == pytest.approx(1 / 12, abs=1e-6)
    assert found["accuracy"] == pytest.approx(11 / 12, abs=1e-6)
    assert list(found["failures"].values()) == ["no_face"]


def test_annotate_makes_a_data_set(world: World) -> None:
    world.photo("mine/Ada/1.png", 1)
    world.photo("mine/Bob/1.png", 2)
    out = world.folder / "data"
    found = answer(world.faces("annotate", world.folder / "mine", "--out", out))
    assert found["people"] == {"Ada": 1, "Bob": 1}
    assert found["landmarks"] == "hourglass"
    assert all(Path(path).exists() for path in found["data"].values())
    again = world.faces("annotate", world.folder / "mine", "--out", out)
    assert again.exit_code == 2
    pointless = world.faces("annotate", world.folder / "mine", "--out", world.folder / "x", "--landmarks", "detector")
    assert pointless.exit_code == 2


def test_export_images(world: World) -> None:
    import pandas as pd

    (world.folder / "set").mkdir()
    with PackedWriter(world.folder / "set") as writer:
        tile = encode_jpeg(np.zeros((8, 8, 3), np.uint8), 95)
        writer.write(pd.DataFrame({"image_id": ["a.jpg"], "person": [3]}), [tile])
    assert answer(world.run("export-images", world.folder / "set", world.folder / "tree"))["images"] == 1
    assert (world.folder / "tree/3/a.jpg").read_bytes() == tile


def test_export_onnx_reports_how_far_answers_differ(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from faceline.exported import export as onnx_export

    done = onnx_export.Exported("hourglass.onnx", "max_point_px", 1e-4)
    asked = []
    monkeypatch.setattr(onnx_export, "export_all", lambda models, out: asked.append((models, out)) or [done])
    found = answer(world.run("export-onnx", world.folder / "onnx", "--models", world.folder / "models"))
    assert found["exported"] == [{"file": "hourglass.onnx", "measure": "max_point_px", "value": 1e-4}]
    assert asked == [(world.folder / "models", world.folder / "onnx")]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--detector", "boxes"], "--boxes"),
        (["--detector", "yunet"], "`faceline fetch yunet`"),
        (["--detector", "yunet", "--detector-model", "nowhere.onnx"], "`faceline fetch yunet`"),
        (["--detector", "magic"], "magic"),
        (["--runtime", "onnx", "--models", "nowhere"], "export-onnx"),
        (["--boxes", "boxes.csv"], "only --detector boxes takes known boxes"),
    ],
)
def test_choices_that_do_not_go_together(
    world: World, arguments: list[str], word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACELINE_CACHE", str(world.folder / "cache"))
    result = world.run("detect", world.photo("a.png"), *arguments)
    assert result.exit_code == 2
    assert word in result.stderr
    assert result.stdout == ""


def tool(*arguments: object, **environment: str) -> subprocess.CompletedProcess:
    code = "from faceline.cli.main import app; app()"
    command = [sys.executable, "-X", "importtime", "-c", code, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **environment}, cwd=Path.cwd()
    )


HEAVY = ("torch", "torchvision", "facenet_pytorch", "pandas", "cv2", "onnxruntime", "sklearn", "scipy")


def imported(process: subprocess.CompletedProcess) -> set[str]:
    lines = [line for line in process.stderr.splitlines() if line.startswith("import time:")]
    return {line.rsplit("|", 1)[1].strip().split(".")[0] for line in lines}


@pytest.mark.parametrize("arguments", [["--help"], ["identify", "--help"], ["export-onnx", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    process = tool(*arguments)
    assert process.returncode == 0
    assert not imported(process) & set(HEAVY)


def test_list_imports_no_torch(world: World, gallery: Path) -> None:
    process = tool("list", "--gallery", gallery)
    assert process.returncode == 0
    assert len(json.loads(process.stdout)["people"]) == 2
    assert not imported(process) & {"torch", "torchvision", "pandas", "onnxruntime"}


def test_the_onnx_runtime_answers_without_torch(world: World, gallery: Path) -> None:
    """And in a process of its own: stdout is JSON and nothing else."""
    photo = world.photo("a.png", 1)
    shared = ["--runtime", "onnx", "--models", world.models, "--detector", "boxes", "--boxes", world.boxes]
    start = time.perf_counter()
    process = tool("identify", photo, "--gallery", gallery, *shared)
    print(f"first answer after {time.perf_counter() - start:.1f} s, imports being timed")
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout)["photos"][0]["faces"][0]["name"] == "Ada"
    assert not imported(process) & {"torch", "torchvision", "facenet_pytorch", "sklearn"}


def test_synthetic_models_warn_on_stderr(world: World, tmp_path: Path) -> None:
    write_onnx_models(tmp_path / "synthetic", synthetic=True)
    photo = world.photo("a.png", 1)
    shared = ["--runtime", "onnx", "--models", tmp_path / "synthetic", "--detector", "boxes", "--boxes", world.boxes]
    process = tool("align", photo, "--out", tmp_path / "tiles", *shared)
    assert process.returncode == 0
    assert "trained on synthetic faces" in process.stderr
    json.loads(process.stdout)
