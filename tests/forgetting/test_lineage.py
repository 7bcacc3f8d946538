"""What DVC's own files say of outputs, tracked data and the cache."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from faceline.core.errors import InputError
from faceline.forgetting.lineage import Entry, Stage, cache_files, earlier_entries, made_from, read_lock, read_tracked


def stage(name: str, deps: list[str], outs: list[str]) -> Stage:
    return Stage(name, *(tuple(Entry(Path(path), "0" * 32) for path in paths) for paths in (deps, outs)))


CHAIN = [
    stage("report", ["reports/alignment"], ["reports/index.html"]),  # dvc.lock need not be in the order of the chain
    stage("filter", ["data/mine/identity_CelebA.txt"], ["data/selected.csv"]),
    stage("crop", ["data/mine/img_celeba.zip", "data/selected.csv"], ["data/crops"]),
    stage("align", ["data/crops/part-0000.parquet", "models/points"], ["data/aligned", "reports/alignment"]),
    stage("points", ["data/mtfl"], ["models/points"]),
]


def reached(holds: dict[str, int | None], *inputs: str) -> list[str]:
    known = {Path(path): count for path, count in holds.items()}
    return sorted(str(out.path) for _, out in made_from(CHAIN, [Path(path) for path in inputs], known))


def test_everything_that_was_made_from_a_data_set_is_reached() -> None:
    everything = ["data/aligned", "data/crops", "data/selected.csv", "reports/alignment", "reports/index.html"]
    assert reached({}, "data/mine") == everything
    assert reached({}, "data/mine/identity_CelebA.txt") == everything
    assert reached({}, "data/mtfl") == ["data/aligned", "models/points", "reports/alignment", "reports/index.html"]
    assert reached({}, "data/min") == []


def test_an_output_without_the_person_hands_nothing_on() -> None:
    assert reached({"data/selected.csv": 0, "data/crops": 0}, "data/mine") == []
    assert reached({"data/selected.csv": 0, "data/crops": 2, "reports/alignment": 0}, "data/mine") == [
        "data/aligned",
        "data/crops",
    ]


def test_lock_and_tracked_files_as_dvc_writes_them(tmp_path: Path) -> None:
    assert read_lock(tmp_path) == []
    (tmp_path / "dvc.lock").write_text(
        "schema: '2.0'\nstages:\n  filter:\n    cmd: x\n    deps:\n    - path: data/mine\n      md5: aa.dir\n"
        "    outs:\n    - path: data/selected.csv\n      hash: md5\n      md5: bb\n      size: 1\n"
    )
    (found,) = read_lock(tmp_path)
    assert found.deps == (Entry(Path("data/mine"), "aa.dir", current=False),)
    assert found.outs == (Entry(Path("data/selected.csv"), "bb"),)
    (tmp_path / "data").mkdir()
    tracked = tmp_path / "data/mine.dvc"
    tracked.write_text("outs:\n- md5: cc.dir\n  hash: md5\n  path: mine\n")
    wanted = {tracked: (Entry(Path("data/mine"), "cc.dir"),)}
    assert read_tracked(tmp_path, [Path("data/mine")]) == wanted
    assert read_tracked(tmp_path, [Path("data/mine/identity_CelebA.txt")]) == wanted
    assert read_tracked(tmp_path, [Path("data/other")]) == {}
    for wrong in ("stages: 3\n", "stages: {filter: {outs: [3]}}\n"):
        (tmp_path / "dvc.lock").write_text(wrong)
        with pytest.raises(InputError, match=r"dvc\.lock"):
            read_lock(tmp_path)


def test_files_of_the_cache(tmp_path: Path) -> None:
    def put(place: str, content: str) -> Path:
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path

    one, two, old = put("files/md5/a1/11", "1"), put("files/md5/b2/22", "2"), put("d4/44", "of DVC 2")
    listed = {"x/1.jpg": "a111", "2.jpg": "b222", "collected.jpg": "c333"}
    members = [{"md5": md5, "relpath": path} for path, md5 in listed.items()]
    folder = put("files/md5/ff/00.dir", json.dumps(members))
    assert cache_files(tmp_path, Entry(Path("data"), "ff00.dir")) == [folder, one, two]
    assert cache_files(tmp_path, Entry(Path("data"), "ff00.dir"), {"1.jpg"}) == [folder, one]
    assert cache_files(tmp_path, Entry(Path("data"), "0000.dir")) == []
    assert cache_files(tmp_path, Entry(Path("data"), "d444", current=False)) == [old]
    put(
        "runs/ab/abcd/ef", "cmd: x\nouts:\n- path: data/crops\n  hash: md5\n  md5: '77'\n- path: other\n  md5: '88'\n"
    )
    assert earlier_entries(tmp_path, {Path("data/crops")}) == [Entry(Path("data/crops"), "77")]
