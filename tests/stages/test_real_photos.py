"""Readers, scan, filter and crop on all real CelebA photos that lie on this machine."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from faceline.core.columns import BOX_COLUMNS
from faceline.data.filtering.duplicates import duplicate_groups
from faceline.imaging.images import decode_rgb
from faceline.packed.sets import PackedSet
from faceline.points.points import points_of
from faceline.settings.variants import load_variant
from faceline.windows.windows import WINDOW_COLUMNS, Window, transform
from real_data import SHARED, needs_celeba
from stages.crop import crop as crop_stage
from stages.filter import filter as filter_stage
from stages.scan import scan as scan_stage

pytestmark = needs_celeba
CELEBA = SHARED / "celeba"
FOLDER = Path(__file__).resolve().parents[2] / "params"
PARAMS = load_variant("celeba-small", FOLDER)
NOTHING_EXCLUDED = FOLDER / "excluded/none.csv"


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    folder = tmp_path_factory.mktemp("real")
    marks = CELEBA / "list_landmarks_celeba.txt"
    scan_stage(PARAMS.data, PARAMS.runtime, CELEBA / "img_celeba", marks, folder / "photos.parquet")
    filter_stage(
        PARAMS.filter,
        identity=CELEBA / "identity_CelebA.txt",
        attributes=CELEBA / "list_attr_celeba.txt",
        boxes=CELEBA / "list_bbox_celeba.txt",
        landmarks=marks,
        scan=folder / "photos.parquet",
        excluded=NOTHING_EXCLUDED,
        out=folder / "selected.csv",
        metrics=folder / "filter.json",
    )
    places = (CELEBA / "img_celeba", folder / "selected.csv", folder / "crops", folder / "crop.json")
    crop_stage(PARAMS.crop, PARAMS.runtime, *places)
    return folder


def test_every_photo_is_scanned(real):
    photos = pd.read_parquet(real / "photos.parquet")
    assert len(photos) == len(list((CELEBA / "img_celeba").iterdir()))
    assert photos.readable.all()
    assert photos[["width", "height"]].max(axis=1).max() <= 560


def test_known_copies_are_found_and_one_stays(real):
    summary = json.loads((real / "filter.json").read_text())
    photos = pd.read_parquet(real / "photos.parquet").set_index("image_id")
    assert (int(photos.hash["001855.jpg"]) ^ int(photos.hash["081813.jpg"])).bit_count() <= 4
    assert summary["rejected_duplicate"] > 0
    chosen = set(pd.read_csv(real / "selected.csv").image_id)
    assert not {"001855.jpg", "081813.jpg"} <= chosen


# found by looking at pairs of photos of one person side by side
@pytest.mark.parametrize(
    "pair",
    [
        pytest.param(("001855", "081813"), id="a copy"),
        pytest.param(("033367", "118439"), id="mirrored"),
        pytest.param(("055424", "126241"), id="mirrored, another size"),
        pytest.param(("033513", "054748"), id="cropped"),
        pytest.param(("105021", "161192"), id="cropped otherwise"),
    ],
)
def test_near_duplicates_of_every_kind_share_a_group(real, pair):
    photos = pd.read_parquet(real / "photos.parquet")
    group = dict(zip(photos.image_id, duplicate_groups(photos, PARAMS.filter.duplicate_hash_bits), strict=True))
    assert group[f"{pair[0]}.jpg"] == group[f"{pair[1]}.jpg"]


def test_roles_are_full_and_apart(real):
    selected = pd.read_csv(real / "selected.csv")
    people = selected.groupby("role").person.unique().map(set)
    assert {role: len(people[role]) for role in ("train", "dev", "query")} == {"train": 110, "dev": 35, "query": 50}
    assert sum(map(len, people)) == selected.person.nunique()
    assert not selected.Blurry.any()
    assert selected[BOX_COLUMNS[2:]].min(axis=None) >= PARAMS.filter.min_box_px


def test_crops_show_the_photos_pixels_where_they_say(real):
    crops = PackedSet(real / "crops")
    rows = np.arange(0, len(crops), 97)
    for row, encoded in zip(rows, crops.encoded(rows), strict=True):
        crop, stored = crops.rows.iloc[row], decode_rgb(encoded)
        window = Window(*(int(crop[name]) for name in WINDOW_COLUMNS))
        photo = decode_rgb((CELEBA / "img_celeba" / crop.image_id).read_bytes())
        nose = points_of(crops.rows.iloc[[row]])[0, 2]
        u, v = np.round(transform(window.from_photo(), nose[None])[0]).astype(int)
        x, y = np.round(transform(window.to_photo(), np.array([[u, v]], float))[0]).astype(int)
        # a patch round the nose, compared by its mean colour: the stored window may be smaller, and is a JPEG again
        scale = np.linalg.norm(window.to_photo()[:, 0])
        reach = round(3 * scale)
        there = photo[y - reach : y + reach + 1, x - reach : x + reach + 1].mean(axis=(0, 1))
        here = stored[v - 3 : v + 4, u - 3 : u + 4].mean(axis=(0, 1))
        assert np.abs(there - here).max() < 12, crop.image_id
