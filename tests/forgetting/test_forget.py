"""`faceline forget`: one person out of galleries, exports and data sets, shown before it is done."""

from __future__ import annotations

import json
import sqlite3
import stat
from pathlib import Path

import numpy as np
import pytest
from made_people import GALLERY_DIM as DIM
from made_people import GALLERY_MODEL as MODEL
from made_people import photo_rows, unit
from named_data import ADAS, contents
from typer.testing import CliRunner, Result

from faceline.cli.main import app
from faceline.galleries import removals
from faceline.galleries.files import export_people
from faceline.galleries.gallery import Gallery
from faceline.galleries.opening import open_or_create_gallery

ADA, BOB = unit(2), unit(1, seed=1)


@pytest.fixture
def places(data: Path) -> list[str]:
    """Ada and Bob in a gallery, an export and a data set."""
    with Gallery.open_or_create(Path("people.db"), MODEL, DIM) as gallery:
        gallery.add(photo_rows({"Ada": ADA, "Bob": BOB}))
        export_people(gallery, Path("people.npz"))
    return ["--gallery", "people.db", "--export", "people.npz", "--data", str(data)]


def forget(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["forget", *arguments])


def held() -> set[str]:
    """Files below the working directory that hold Ada's name, photos or embeddings."""
    wanted = [b"Ada", "Ada".encode("utf-32-le"), *(vector.astype("<f4").tobytes() for vector in ADA)]
    wanted += [f"photo {name}".encode() for name in ADAS] + [name.encode() for name in ADAS]
    return {name for name, content in contents(Path()).items() if any(one in content for one in wanted)}


@pytest.mark.filterwarnings("ignore:.*local")
def test_a_gallery_in_a_service_is_one_like_others(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("qdrant_client")
    address = f"qdrant://{tmp_path}/service/people"
    with open_or_create_gallery(address, MODEL, DIM) as gallery:
        gallery.add(photo_rows({"Ada": ADA, "Bob": BOB}))
        answer = json.loads(forget("Ada", "--gallery", address).stdout)
        assert answer["galleries"] == [{"gallery": address, "photos": 2}]
        assert answer["complete"] is True
        assert [person.name for person in gallery.people()] == ["Bob"]
    twice = forget("Bob", "--gallery", address, "--gallery", address)
    assert (twice.exit_code, "named twice" in twice.stderr) == (2, True)


def test_nothing_is_left_but_what_the_answer_names(places: list[str]) -> None:
    result = forget("Ada", *places)
    answer = json.loads(result.stdout)
    assert result.exit_code == 0
    assert held() == {"data/mine/img_celeba.zip"}
    assert answer["commands"] == [
        "zip -nw -d data/mine/img_celeba.zip -- img_celeba/000001.jpg img_celeba/000003.jpg"
    ]
    assert answer["complete"] is False
    assert answer["galleries"] == [{"gallery": "people.db", "photos": 2}]
    assert answer["exports"] == [{"file": "people.npz", "photos": 2}]
    (found,) = answer["data"]
    assert found["deleted"] == [f"data/mine/img_celeba/{name}" for name in ADAS]
    assert found["rows"]["data/mine/list_bbox_celeba.txt"] == 2
    assert stat.S_IMODE(Path("people.npz").stat().st_mode) == 0o600
    with np.load("people.npz") as export:
        assert export["names"].tolist() == ["Bob"]
        assert export["embeddings"] == pytest.approx(BOB, abs=1e-6)
    again = forget("Ada", *places)
    assert again.exit_code == 2
    assert "nobody called 'Ada'" in again.stderr


def test_a_dry_run_says_the_same_and_changes_nothing(places: list[str]) -> None:
    before = contents(Path())
    shown = json.loads(forget("Ada", *places, "--dry-run").stdout)
    assert contents(Path()) == before
    done = json.loads(forget("Ada", *places).stdout)
    assert shown.pop("dry_run") is True
    assert done.pop("dry_run") is False
    assert shown == done


def test_who_is_in_one_place_only_is_taken_out_of_it(places: list[str]) -> None:
    answer = json.loads(forget("Cid", *places).stdout)
    assert [one["photos"] for one in answer["galleries"] + answer["exports"]] == [0, 0]
    assert answer["data"][0]["photos"] == ["000004.jpg"]


@pytest.mark.parametrize("damaged", ["people.db", "people.npz", "data/mine/list_attr_celeba.txt"])
def test_one_damaged_file_stops_it_before_anything_changes(places: list[str], damaged: str) -> None:
    for log in Path().glob("people.db-*"):
        log.unlink()
    Path(damaged).write_bytes(Path(damaged).read_bytes()[:-40])
    before = contents(Path())
    result = forget("Ada", *places)
    assert result.exit_code == 2
    assert damaged in result.stderr
    assert result.stdout == ""
    assert contents(Path()).keys() - {"people.db-wal", "people.db-shm"} == before.keys()
    assert {name: content for name, content in contents(Path()).items() if name in before} == before


def test_a_reader_of_the_gallery_is_told_of(places: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removals, "READERS_S", 0.1)
    reader = sqlite3.connect("people.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM photos").fetchall()
    result = forget("Ada", *places)
    reader.close()
    assert result.exit_code == 1
    assert json.loads(result.stdout)["complete"] is False
    assert "people.db-wal" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["Ada"], "say where"),
        (["Zoe", "--data", "data/mine"], "nobody called 'Zoe'"),
        (["Ada\x1b[2J", "--data", "data/mine"], "printable"),
        (["Ada", "--data", "nowhere"], "nowhere"),
        (["Ada", "--gallery", "nothing.db"], "no such file"),
        (["Ada", "--gallery", "people.db", "--gallery", "data/../people.db"], "named twice"),
        (["Ada", "--data", "data/mine", "--data", "params.yaml"], "named twice"),
    ],
)
@pytest.mark.usefixtures("places")
def test_mistakes_end_with_2_and_one_line(arguments: list[str], told: str) -> None:
    lists = {"identity": "identity_CelebA", "attributes": "list_attr_celeba", "boxes": "list_bbox_celeba"}
    lists |= {"landmarks": "list_landmarks_celeba"}
    lines = [f"  {kind}: data/mine/{name}.txt" for kind, name in lists.items()]
    Path("params.yaml").write_text("\n".join(["data:", *lines, "  images: data/mine/img_celeba.zip"]))
    result = forget(*arguments)
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
    assert "\x1b" not in result.stderr
