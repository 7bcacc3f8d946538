from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from faceline.core.columns import ATTRIBUTES, BOX_COLUMNS, FACE_HASHES, POINT_COLUMNS
from faceline.core.params import parse_group, read_params
from faceline.data.analysis.tables import analyse, summarise, write_analysis
from faceline.data.filtering.params import FilterParams

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def params():
    return parse_group(FilterParams, read_params(ROOT / "params/base.yaml")["filter"])


@pytest.fixture
def joined():
    """Eight photos of three people; two are nearly the same, one box is small, Male is known of six."""
    table = pd.DataFrame({"image_id": list("abcdefgh"), "person": [1, 1, 1, 1, 2, 2, 3, 3]})
    table[BOX_COLUMNS] = [[20.0, 20, 80, 90]] * 7 + [[20.0, 20, 30, 50]]
    table[POINT_COLUMNS] = [[30.0, 40, 70, 40, 50, 60, 35, 80, 65, 80]] * 8
    table = table.assign(**dict.fromkeys(ATTRIBUTES, 0)).astype(dict.fromkeys(ATTRIBUTES, "Int8"))
    table["Male"] = pd.array([1, 1, 0, 0, None, None, 0, 1], "Int8")
    table["Young"] = pd.array([None] * 8, "Int8")
    hashes = np.random.default_rng(1).integers(0, 2**64, 8, dtype=np.uint64)
    hashes[3] = hashes[0] ^ np.uint64(1)
    scan = {"readable": True, "photo_width": 200, "photo_height": 200, "hash": hashes, "sharpness": 100.0}
    scan |= {"hash_mirrored": ~hashes} | dict.fromkeys(FACE_HASHES, pd.NA)
    return table.assign(**scan)


def test_shares_count_photos_of_which_the_attribute_is_known(joined, params):
    shares = analyse(joined, params)["attribute_shares"].set_index("attribute")
    assert shares.loc["Male", "all"] == pytest.approx(3 / 6)
    assert shares.loc["Male", "usable"] == pytest.approx(2 / 4)  # without d, a copy of a, and h, too small
    assert "Young" not in shares.index
    assert shares.loc["Bald"].tolist() == [0, 0]


def test_what_each_filter_removes_of_whom(joined, params):
    removed = analyse(joined, params)["removed"].set_index("reason")
    assert removed.loc["photos", ["all", "Male_yes", "Male_no"]].tolist() == [8, 3, 3]
    assert not [column for column in removed if "Young" in column]
    assert removed.loc["small_box", ["all", "Male_yes", "Male_no"]].tolist() == [1, 1, 0]
    assert removed.loc["duplicate", ["all", "Male_yes", "Male_no"]].tolist() == [1, 0, 1]


def test_people_boxes_and_duplicates(joined, params):
    tables = analyse(joined, params)
    assert tables["photos_per_person"].to_numpy().tolist() == [[1, 0, 1], [2, 2, 1], [3, 0, 1], [4, 1, 0]]
    assert tables["box_sizes"].to_numpy().tolist() == [[20, 40, 1], [80, 100, 7]]
    assert tables["near_duplicates"][["image_id", "photos", "people"]].to_numpy().tolist() == [
        ["a", 2, 1],
        ["d", 2, 1],
    ]


def test_the_summary_says_nothing_of_what_nobody_knows(joined, params, tmp_path):
    tables = analyse(joined, params)
    summary = summarise(joined, tables)
    assert (summary["share_Male"], summary["near_duplicate_groups"]) == (0.5, 1)
    assert "share_Young" not in summary
    write_analysis(tables, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.csv" for name in tables}
    assert pd.read_csv(tmp_path / "attribute_shares.csv").set_index("attribute").loc["Male", "all"] == 0.5
