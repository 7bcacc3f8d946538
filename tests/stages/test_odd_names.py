"""Odd file names through the chain: spaces, quotes, semicolons, commas; others are refused."""

from __future__ import annotations

import csv
import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from tool_fakes import face_at

from chain import run as run_command
from faceline.annotations.celeba import read_annotations
from faceline.core.columns import ATTRIBUTES, BOX_COLUMNS, POINT_COLUMNS
from faceline.core.errors import InputError
from faceline.core.params import parse_group
from faceline.data.crops.params import CropParams
from faceline.data.filtering.params import FilterParams
from faceline.data.scan.params import DataParams
from faceline.engines.params import EngineParams
from faceline.packed.sets import PackedSet
from faceline.pipeline.export_images import export_images
from stages.crop import crop
from stages.filter import filter as filter_stage
from stages.scan import scan

ROOT = Path(__file__).resolve().parents[2]
BASE = yaml.safe_load((ROOT / "params/base.yaml").read_text())
LOCAL = EngineParams(engine="local")
NAMES = [
    "two words.jpg",
    'it\'s "his".jpg',
    "a;rm -rf b.jpg",
    "a,b.jpg",
    "=1+1.jpg",
    "<script>.jpg",
    "'.jpg",
    "-.jpg",
]
OWNERS = [0, 0, 0, 1, 1, 2, 2, 3]
LISTS = {"identity": 1, "attributes": 40, "boxes": 4, "landmarks": 10}
HEADS = {
    "identity": ["identity"],
    "attributes": ATTRIBUTES,
    "boxes": ["x_1", "y_1", "width", "height"],
    "landmarks": [
        f"{point}_{axis}" for point in ("lefteye", "righteye", "nose", "leftmouth", "rightmouth") for axis in "xy"
    ],
}


def write_set(folder: Path, names: list[str]) -> dict[str, Path]:
    """Noise photos of `OWNERS`, each with an upright face; annotation lists as Kaggle has them."""
    (folder / "photos").mkdir(parents=True)
    points, box = face_at(1.2, (60, 60))
    rows: dict[str, list] = {kind: [] for kind in LISTS}
    rng = np.random.default_rng(0)
    for number, name in enumerate(names):
        Image.fromarray(rng.integers(0, 256, (280, 260, 3), dtype=np.uint8)).save(folder / "photos" / name)
        values = {"identity": [OWNERS[number]], "attributes": [-1] * 40, "boxes": box, "landmarks": points.ravel()}
        for kind in LISTS:
            rows[kind].append(
                [
                    name,
                    *(round(float(value), 1) if kind in ("boxes", "landmarks") else value for value in values[kind]),
                ]
            )
    return {kind: write_list(folder, kind, table) for kind, table in rows.items()}


def write_list(folder: Path, kind: str, rows: Iterable[list]) -> Path:
    with (folder / f"{kind}.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["image_id", *HEADS[kind]], *rows])
    return folder / f"{kind}.csv"


def run(folder: Path, names: list[str]) -> Path:
    lists = write_set(folder, names)
    data = parse_group(DataParams, BASE["data"])
    photos = {"train": 3, "dev": 2, "query": 2, "distractor": 1}
    roles = {name: {"people": 1, "min_photos": count, "max_photos": count} for name, count in photos.items()}
    params = parse_group(FilterParams, BASE["filter"] | {"roles": roles, "duplicate_hash_bits": -1})
    scan(data, LOCAL, folder / "photos", lists["landmarks"], folder / "photos.parquet")
    made = {"out": folder / "selected.csv", "metrics": folder / "f.json"}
    excluded = ROOT / "params/excluded/none.csv"
    filter_stage(params, **lists, scan=folder / "photos.parquet", excluded=excluded, **made)
    crops = folder / "crops"
    params = parse_group(CropParams, BASE["crop"])
    crop(params, LOCAL, folder / "photos", folder / "selected.csv", crops, folder / "c.json")
    return crops


def test_odd_names_go_through_and_come_out_as_they_were(tmp_path: Path) -> None:
    crops = PackedSet(run(tmp_path, NAMES))
    assert sorted(crops.rows.image_id) == sorted(NAMES)
    assert sorted(pd.read_csv(tmp_path / "selected.csv").image_id) == sorted(NAMES)
    export_images(tmp_path / "crops", tmp_path / "out")
    with (tmp_path / "out/rows.csv").open(newline="") as file:
        cells = {row["image_id"] for row in csv.DictReader(file)}
    assert cells == {{"=1+1.jpg": "'=1+1.jpg", "-.jpg": "'-.jpg"}.get(name, name) for name in NAMES}


@pytest.mark.parametrize("name", ["two\nlines.jpg", "tab\t.jpg", "bell\x07.jpg"])
def test_control_characters_are_refused_with_file_and_row(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError) as refused:
        run(tmp_path, [NAMES[0], name, *NAMES[2:]])
    assert str(refused.value).startswith(f"{tmp_path / 'landmarks.csv'}: {name!r} (row 2)")
    assert name not in str(refused.value)


def test_the_whole_chain_takes_them(tiny_chain: Path, tmp_path: Path) -> None:
    """The tiny sample again, its photos a folder of odd names."""
    folder = tmp_path / "clone"
    shutil.copytree(tiny_chain, folder, symlinks=True)
    (folder / "data/mine/photos").mkdir(parents=True)
    params = yaml.safe_load((folder / "params.yaml").read_text())
    table = read_annotations(**{kind: folder / params["data"][kind] for kind in LISTS})
    stems = [name.removesuffix(".jpg") for name in NAMES]
    odd = {name: f"{stems[row % len(stems)]} {name}" for row, name in enumerate(table.image_id)}
    with zipfile.ZipFile(folder / params["data"]["images"]) as archive:
        for member in archive.namelist():
            (folder / "data/mine/photos" / odd[Path(member).name]).write_bytes(archive.read(member))
    columns = {"identity": ["person"], "attributes": ATTRIBUTES, "boxes": BOX_COLUMNS, "landmarks": POINT_COLUMNS}
    for kind, wanted in columns.items():
        values = table[["image_id", *wanted]].fillna(0).assign(image_id=table.image_id.map(odd))
        write_list(folder / "data/mine", kind, values.to_numpy().tolist())
    lists = {kind: f"data/mine/{kind}.csv" for kind in LISTS}
    params["data"] |= {"images": "data/mine/photos", "source": "somebody's photos", **lists}
    params["landmarks"] |= {"annotations": "data/selected.csv", "images": "data/mine/photos"}
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))

    run_command("dvc repro", folder)
    assert "up to date" in run_command("dvc status", folder).stdout
    found = pd.read_parquet(folder / "data/embeddings/wild.parquet").image_id
    assert set(found) <= {*odd.values()}
    assert {name.rpartition(" ")[0] for name in found} == {*stems}
    page = (folder / "reports/index.html").read_text()
    assert "<script> " not in page
    assert 'class="missing"' not in page
    assert "jpg" not in run_command("git status --porcelain", folder).stdout
