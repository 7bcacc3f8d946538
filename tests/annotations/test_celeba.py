import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceline.annotations.celeba import read_annotations, read_file, write_celeba
from faceline.boxes.boxes import iou
from faceline.core.columns import ATTRIBUTES, BOX_COLUMNS, POINT_COLUMNS
from faceline.core.errors import InputError
from real_data import SHARED, needs_celeba

KINDS = ("identity", "attributes", "boxes", "landmarks")

BOXES = "2\nimage_id x_1 y_1 width height\na.jpg    95  71  226  313\nb.jpg 72 94 221 306\n"
POINT_NAMES = (
    "lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y"
)
LANDMARKS = f"2\n{POINT_NAMES}\na.jpg 165 184 244 176 196 249 194 271 266 260\nb.jpg 1 2 3 4 5 6 7 8 9 10\n"


def attributes(first):
    rows = "\n".join(
        f"{name} {' '.join('1' if a == first else '-1' for a in ATTRIBUTES)}" for name in ("a.jpg", "b.jpg")
    )
    return f"2\n{' '.join(ATTRIBUTES)}\n{rows}\n"


def as_csv(text):
    lines = text.splitlines()[1:]
    if not lines[0].startswith("image_id"):
        lines[0] = "image_id " + lines[0]
    return "\n".join(",".join(line.split()) for line in lines) + "\n"


@pytest.fixture
def files(tmp_path):
    texts = {
        "identity": "a.jpg 7\nb.jpg 9\n",
        "attributes": attributes("Male"),
        "boxes": BOXES,
        "landmarks": LANDMARKS,
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.txt").write_text(text)
        (tmp_path / f"{name}.csv").write_text(
            as_csv(text) if name != "identity" else "image_id,identity\na.jpg,7\nb.jpg,9\n"
        )
    return tmp_path


@pytest.mark.parametrize(
    "kinds", [("txt",) * 4, ("csv",) * 4, ("txt", "csv", "txt", "csv"), ("csv", "txt", "csv", "txt")]
)
def test_txt_and_csv_mix_freely(files, kinds):
    table = read_annotations(*(files / f"{name}.{kind}" for name, kind in zip(KINDS, kinds, strict=True)))
    assert table.image_id.tolist() == ["a.jpg", "b.jpg"]
    assert table.person.tolist() == [7, 9]
    assert table.loc[0, ["x", "y", "width", "height"]].tolist() == [95, 71, 226, 313]
    assert table.loc[0, ["nose_x", "right_mouth_y"]].tolist() == [196, 260]
    assert table[list(ATTRIBUTES)].sum().to_dict() == {name: 2 * (name == "Male") for name in ATTRIBUTES}


@pytest.mark.parametrize("kind", ["txt", "csv"])
def test_round_points_in_place_of_boxes_boxes_are_drawn(files, kind):
    """Width 1.79 x hypot(eye distance, eyes to mouth), 1.385 times as high, round the middle of eyes and mouth."""
    paths = [files / f"{name}.{kind}" for name in ("identity", "attributes", "landmarks", "landmarks")]
    table = read_annotations(*paths)
    left, right, _, *mouth = np.array([165, 184, 244, 176, 196, 249, 194, 271, 266, 260], float).reshape(5, 2)
    eyes, lips = (left + right) / 2, sum(mouth) / 2
    width = 1.79 * np.sqrt(np.sum((right - left) ** 2) + np.sum((lips - eyes) ** 2))
    x, y = (eyes + lips) / 2 - [width / 2, 1.385 * width / 2]
    assert table.loc[0, BOX_COLUMNS].tolist() == pytest.approx([x, y, width, 1.385 * width], abs=1e-3)
    assert table.loc[0, POINT_COLUMNS].tolist() == [165, 184, 244, 176, 196, 249, 194, 271, 266, 260]


@needs_celeba
def test_drawn_boxes_are_near_those_of_the_data_set():
    """Of celeba-small, whose boxes a detector made, brought to CelebA's convention."""
    paths = {kind: SHARED / "celeba" / f"list_{kind}_celeba.txt" for kind in ("attr", "bbox", "landmarks")}
    identity = SHARED / "celeba/identity_CelebA.txt"
    own, drawn = (
        read_annotations(identity, paths["attr"], paths[kind], paths["landmarks"])[BOX_COLUMNS].to_numpy(float)
        for kind in ("bbox", "landmarks")
    )
    overlap = iou(own, drawn)
    assert np.median(overlap) > 0.75
    assert (overlap > 0.5).mean() > 0.98


def test_csv_columns_may_come_in_any_order(files):
    table = pd.read_csv(files / "boxes.csv")
    table[["height", "x_1", "image_id", "width", "y_1"]].to_csv(files / "boxes.csv", index=False)
    table = read_file(files / "boxes.csv", "boxes")
    assert table.loc[1, ["x", "y", "width", "height"]].tolist() == [72, 94, 221, 306]


def test_photos_missing_from_one_file_are_left_out(files):
    (files / "identity.txt").write_text("b.jpg 9\nc.jpg 3\n")
    paths = [files / f"{name}.txt" for name in KINDS]
    assert read_annotations(*paths).image_id.tolist() == ["b.jpg"]
    (files / "identity.txt").write_text("c.jpg 3\n")
    with pytest.raises(InputError, match="same data set"):
        read_annotations(*paths)


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("boxes", BOXES.replace(" width", ""), ["'width' is missing"]),
        ("boxes", BOXES.replace("226", "wide"), ["line 3 (a.jpg)", "'wide' is not a number"]),
        ("boxes", BOXES.replace("94 221 306", "94 221"), ["line 4", "expected 5 columns, found 4"]),
        ("boxes", "", ["is empty"]),
        ("identity", "../a.jpg 3\n", ["'../a.jpg'", "not a path"]),
        ("identity", "a.jpg 3\n/etc/b.jpg 4\n", ["row 2", "'/etc/b.jpg'"]),
        ("identity", "a\\b.jpg 3\n", ["not a path"]),
        ("identity", ".. 3\n", ["not a path"]),
        ("identity", "a.jpg 3\na.jpg 4\n", ["a.jpg stands there twice"]),
        ("identity", "a.jpg 3 4\n", ["expected 2 columns"]),
        ("landmarks", LANDMARKS.replace("nose_x", "nase_x"), ["'nose_x' is missing"]),
        ("attributes", attributes("Male").replace("b.jpg -1", "b.jpg 5"), ["b.jpg", "0 (unknown)"]),
        ("attributes", attributes("Male").replace("Young", "Old"), ["'Young' is missing"]),
    ],
)
def test_each_fault_is_named(tmp_path, kind, text, words):
    path = tmp_path / "file.txt"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_file(path, kind)
    for word in [str(path), *words]:
        assert word in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.txt: no such file"):
        read_file(tmp_path / "nowhere.txt", "boxes")


def table_of(people, boxes, points, attributes, names=None):
    """A table as the codec has it; attributes are lists of 1, 0 and None."""
    table = pd.DataFrame({"image_id": names or [f"{n:06d}.jpg" for n in range(len(people))], "person": people})
    table[BOX_COLUMNS], table[POINT_COLUMNS] = boxes, points
    flags = pd.DataFrame(attributes, columns=ATTRIBUTES, dtype="Int8")
    return pd.concat([table, flags], axis=1)


def test_the_files_are_celebas_own_form(tmp_path):
    """Columns as wide as CelebA's, and numbers that never touch, however long."""
    yes = dict.fromkeys(["Smiling", "Young"], 1) | {"Male": None}
    flags = [[yes.get(name, 0) for name in ATTRIBUTES]] * 2
    boxes = [[95, 71, 226, 313], [1200, -1000, 1000.404, 3]]
    points = [[165, 184, 244, 176, 196, 249, 194, 271, 266, 260], [10000, -1000, *range(8)]]
    table = table_of([2880, 7], boxes, points, flags, ["000001.jpg", "b.png"]).assign(partition=[0, 2])
    files = write_celeba(tmp_path, table)
    lines = {kind: (tmp_path / file).read_text().split("\n") for kind, file in files.items()}
    assert lines["identity"] == ["000001.jpg 2880", "b.png 7", ""]
    assert lines["partition"] == ["000001.jpg 0", "b.png 2", ""]
    assert lines["boxes"][:3] == ["2", "image_id x_1 y_1 width height", "000001.jpg    95  71 226 313"]
    assert lines["boxes"][3] == "b.png   1200 -1000 1000.4   3"
    assert lines["landmarks"][1] == POINT_NAMES
    assert lines["landmarks"][2] == "000001.jpg  165  184  244  176  196  249  194  271  266  260"
    assert lines["landmarks"][3] == "b.png 10000 -1000    0    1    2    3    4    5    6    7"
    assert lines["attributes"][1] == " ".join(ATTRIBUTES) + " "
    marks = dict(zip(ATTRIBUTES, lines["attributes"][2].removeprefix("000001.jpg").split(), strict=True))
    assert {name for name, mark in marks.items() if mark == "1"} == {"Smiling", "Young"}
    assert {name for name, mark in marks.items() if mark == "0"} == {"Male"}
    assert lines["attributes"][2].startswith("000001.jpg -1 -1")
    assert len(lines["attributes"][2]) == len("000001.jpg") + 3 * 40


def test_without_attributes_all_are_unknown_and_without_partition_there_is_no_such_file(tmp_path):
    table = table_of([1, 2], [[1, 2, 3, 4]] * 2, [list(range(10))] * 2, [[1] * 40] * 2).drop(columns=list(ATTRIBUTES))
    files = write_celeba(tmp_path, table)
    assert list(files) == ["identity", "attributes", "boxes", "landmarks"]
    assert read_annotations(*(tmp_path / files[kind] for kind in KINDS))[list(ATTRIBUTES)].isna().all(axis=None)


def rows_of(width, values):
    return st.lists(values, min_size=width, max_size=width)


PIXELS = st.integers(-9999, 99999)
SIZES = st.integers(0, 99999)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 2**31 - 1),
            st.tuples(PIXELS, PIXELS, SIZES, SIZES).map(list),
            rows_of(10, PIXELS),
            rows_of(40, st.sampled_from([0, 1, None])),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_what_is_written_is_read_again(rows):
    table = table_of(*map(list, zip(*rows, strict=True)))
    with tempfile.TemporaryDirectory() as folder:
        files = write_celeba(Path(folder), table)
        again = read_annotations(*(Path(folder) / files[kind] for kind in KINDS))
    pd.testing.assert_frame_equal(again[list(ATTRIBUTES)], table[list(ATTRIBUTES)])
    pd.testing.assert_frame_equal(again, table, check_dtype=False)


def test_unknown_is_neither_yes_nor_no(tmp_path):
    (tmp_path / "a.txt").write_text(attributes("Male").replace("b.jpg -1", "b.jpg 0"))
    table = read_file(tmp_path / "a.txt", "attributes")
    assert table.iloc[1, 1] is pd.NA
    assert table.iloc[0, 1] == 0
    assert table.Male.tolist() == [1, 1]


@needs_celeba
def test_real_files_are_written_again_as_they_were(tmp_path):
    names = [f"{name}.txt" for name in ("identity_CelebA", "list_attr_celeba", "list_bbox_celeba")]
    names.append("list_landmarks_celeba.txt")
    table = read_annotations(*(SHARED / "celeba" / name for name in names))
    assert np.isfinite(table.drop(columns="image_id").to_numpy(float)).all()
    assert sorted(write_celeba(tmp_path, table).values()) == sorted(names)
    for name in names:
        ours, theirs = ((folder / name).read_text() for folder in (tmp_path, SHARED / "celeba"))
        if "attr" in name:  # the first of a row's numbers is not padded in CelebA's
            ours, theirs = ours.replace(".jpg  1", ".jpg 1"), theirs.replace(".jpg  1", ".jpg 1")
        assert ours == theirs, name
