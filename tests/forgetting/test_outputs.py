"""Outputs that hold a person in a real project of DVC's, until the commands that are named have been run."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from named_data import ADAS, contents

from faceline.forgetting.change import without_person
from faceline.forgetting.data_sets import PersonInData, find_data_set, find_person
from faceline.forgetting.outputs import Output, Project, commands, find_outputs, named_photos
from faceline.packed.sets import PackedWriter

# a selection, faces cut out, and what nobody's photos go into
GRAPH = """
stages:
  select:
    cmd: (echo image_id,person; tr ' ' , < data/mine/identity_CelebA.txt) > selected.csv
    deps: [data/mine]
    outs: [selected.csv]
  crop:
    cmd: mkdir crops && cat data/mine/img_celeba/*.jpg > crops/faces.bin
    deps: [data/mine, selected.csv]
    outs: [crops]
  apart:
    cmd: echo 1 > apart.csv
    outs: [apart.csv]
"""


def run(line: str) -> None:
    from dvc.cli import main

    words = shlex.split(line)
    if words[0] == "dvc":
        assert main([words[1], *words[2:], "-q"]) == 0, line
    else:
        subprocess.run(words, check=True, capture_output=True)


@pytest.fixture
def project(data: Path, tmp_path: Path) -> Path:
    """A repository in which `dvc repro` has run once, its data set tracked, with a remote."""
    (data / "img_celeba.zip").unlink()
    Path("dvc.yaml").write_text(GRAPH)
    for line in (
        "git init -q .",
        "git config user.email a@b.c",
        "git config user.name a",
        "dvc init",
        "dvc config core.analytics false",
        f"dvc remote add -d store {tmp_path / 'store'}",
        "dvc add data/mine",
        "dvc repro",
        "git add -A",
        "git commit -qm all",
        "dvc push",
    ):
        run(line)
    return data


def ada(data: Path) -> PersonInData:
    return find_person(find_data_set(data), "Ada")


def holding(folder: Path) -> list[str]:
    return [
        name for name, content in contents(folder).items() if any(f"photo {one}".encode() in content for one in ADAS)
    ]


def test_until_the_commands_have_been_run_cache_and_remote_hold_the_person(project: Path) -> None:
    found = find_outputs(Path(), [ada(project)])
    assert {str(out.path): (out.stage, out.photos) for out in found.outputs} == {
        "selected.csv": ("select", 2),
        "crops": ("crop", None),
    }
    assert found.remotes == ("store",)
    named = {path.resolve() for out in found.outputs for path in out.cache}
    named |= {path.resolve() for files in found.tracked.values() for path in files}
    cached = {Path(".dvc/cache", name).resolve() for name in holding(Path(".dvc/cache"))}
    assert len(cached) == 3  # two photos, and the faces
    assert cached <= named
    assert not [path for path in named if path.read_bytes() == b"photo 000002.jpg"]
    assert holding(Path("store"))
    with without_person(ada(project)):
        pass
    for line in commands(found, []):
        run(line.replace("dvc gc", "dvc gc --force"))
    assert holding(Path()) == []
    assert pd.read_csv("selected.csv").image_id.tolist() == ["000002.jpg", "000004.jpg", "000005.jpg"]
    assert not [path for path in named if path.exists()]


def test_what_only_earlier_runs_may_have_made_of_a_person_is_named(data: Path) -> None:
    for place, content in {
        ".dvc/config": "",
        "selected.csv": "image_id\n000002.jpg\n",
        ".dvc/cache/files/md5/aa/11": "now",
        ".dvc/cache/files/md5/bb/22": "earlier",
        ".dvc/cache/runs/cc/cc33/dd": "outs:\n- path: selected.csv\n  hash: md5\n  md5: bb22\n",
        "dvc.lock": f"stages:\n  select:\n    deps:\n    - path: {data}\n    outs:\n    - path: selected.csv\n"
        "      hash: md5\n      md5: aa11\n",
    }.items():
        Path(place).parent.mkdir(parents=True, exist_ok=True)
        Path(place).write_text(content)
    (out,) = find_outputs(Path(), [ada(data)]).outputs
    assert (out.path, out.photos, out.cache) == (Path("selected.csv"), 0, (Path(".dvc/cache/files/md5/bb/22"),))


def test_commands_keep_experiments_only_where_they_are_named() -> None:
    output = Output(Path("crops"), "crop", 2, ())
    tracked = {Path("data/mine.dvc"): ()}
    found = Project((output,), tracked, ("store", "other one"), (Path(".faceline/checkpoints/a b.pt"),))
    plain, kept = commands(found, []), commands(found, [], ["old run"])
    assert plain == [
        "dvc add data/mine",
        "dvc repro",
        "dvc exp remove --queue",
        "dvc exp remove --all-commits",
        "rm -rf '.faceline/checkpoints/a b.pt'",
        "dvc gc --workspace",
        "dvc gc --workspace --cloud --remote store",
        "dvc gc --workspace --cloud --remote 'other one'",
    ]
    assert kept[3] == "dvc exp remove --keep 'old run'"
    assert kept[5:7] == [
        "dvc gc --workspace --all-experiments",
        "dvc gc --workspace --all-experiments --cloud --remote store",
    ]
    assert commands(Project((), {}, ("store",), ()), []) == []


def test_photos_in_archives_are_left_to_the_user_and_no_project_needs_nothing(data: Path) -> None:
    person = ada(data)
    assert find_outputs(Path(), [person]) is None
    (command,) = commands(None, [person])
    assert command == "zip -nw -d data/mine/img_celeba.zip -- img_celeba/000001.jpg img_celeba/000003.jpg"


@pytest.mark.skipif(not shutil.which("zip"), reason="no zip on this machine")
def test_the_command_deletes_these_photos_from_the_archive_and_no_others(data: Path) -> None:
    theirs, others = ["-x.jpg", "a*.jpg", "it's; [1].jpg", "@.jpg"], ["ab.jpg", "1.jpg"]
    with zipfile.ZipFile("odd.zip", "w") as archive:
        for name in [*theirs, *others]:
            archive.writestr(name, name)
    (command,) = commands(None, [replace(ada(data), archived={Path("odd.zip"): tuple(theirs)})])
    run(command)
    with zipfile.ZipFile("odd.zip") as archive:
        assert archive.namelist() == others


def test_only_tables_can_tell_whom_they_name(tmp_path: Path) -> None:
    photos = frozenset(ADAS)
    pd.DataFrame({"image_id": ["000001.jpg", "9.jpg"], "other_image_id": ["8.jpg", "000003.jpg"]}).to_csv(
        tmp_path / "pairs.csv"
    )
    pd.DataFrame({"rate": [0.1]}).to_parquet(tmp_path / "rates.parquet")
    assert named_photos(tmp_path, photos) == 2
    assert named_photos(tmp_path / "rates.parquet", photos) == 0
    assert named_photos(tmp_path / "nothing.csv", photos) is None
    (tmp_path / "sheet.png").touch()
    assert named_photos(tmp_path, photos) is None
    (tmp_path / "broken.parquet").write_text("x")
    assert named_photos(tmp_path / "broken.parquet", photos) is None


def test_a_packed_set_tells_by_its_rows(tmp_path: Path) -> None:
    with PackedWriter(tmp_path) as writer:
        writer.write(pd.DataFrame({"image_id": ["000001.jpg", "9.jpg"]}), [b"one", b"other"])
    assert named_photos(tmp_path, frozenset(ADAS)) == 1
    assert named_photos(tmp_path, frozenset(["8.jpg"])) == 0
