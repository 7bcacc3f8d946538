import numpy as np
import pandas as pd
import pytest

from faceline.annotations.celeba import read_annotations, read_attributes, read_boxes, read_identity, read_landmarks
from faceline.core.columns import ATTRIBUTES
from faceline.core.errors import InputError
from real_data import SHARED, needs_celeba

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
    names = ["identity", "attributes", "boxes", "landmarks"]
    table = read_annotations(*(files / f"{name}.{kind}" for name, kind in zip(names, kinds, strict=True)))
    assert table.image_id.tolist() == ["a.jpg", "b.jpg"]
    assert table.person.tolist() == [7, 9]
    assert table.loc[0, ["x", "y", "width", "height"]].tolist() == [95, 71, 226, 313]
    assert table.loc[0, ["nose_x", "right_mouth_y"]].tolist() == [196, 260]
    assert table[list(ATTRIBUTES)].sum().to_dict() == {name: 2 * (name == "Male") for name in ATTRIBUTES}


def test_csv_columns_may_come_in_any_order(files):
    table = pd.read_csv(files / "boxes.csv")
    table[["height", "x_1", "image_id", "width", "y_1"]].to_csv(files / "boxes.csv", index=False)
    assert read_boxes(files / "boxes.csv").loc[1, ["x", "y", "width", "height"]].tolist() == [72, 94, 221, 306]


def test_photos_missing_from_one_file_are_left_out(files):
    (files / "identity.txt").write_text("b.jpg 9\nc.jpg 3\n")
    paths = [files / f"{name}.txt" for name in ("identity", "attributes", "boxes", "landmarks")]
    assert read_annotations(*paths).image_id.tolist() == ["b.jpg"]
    (files / "identity.txt").write_text("c.jpg 3\n")
    with pytest.raises(InputError, match="same data set"):
        read_annotations(*paths)


@pytest.mark.parametrize(
    ("reader", "text", "words"),
    [
        (read_boxes, BOXES.replace(" width", ""), ["'width' is missing"]),
        (read_boxes, BOXES.replace("226", "wide"), ["line 3 (a.jpg)", "'wide' is not a number"]),
        (read_boxes, BOXES.replace("94 221 306", "94 221"), ["line 4", "expected 5 columns, found 4"]),
        (read_boxes, "", ["is empty"]),
        (read_identity, "../a.jpg 3\n", ["'../a.jpg'", "not a path"]),
        (read_identity, "a.jpg 3\n/etc/b.jpg 4\n", ["row 2", "'/etc/b.jpg'"]),
        (read_identity, "a\\b.jpg 3\n", ["not a path"]),
        (read_identity, ".. 3\n", ["not a path"]),
        (read_identity, "a.jpg 3\na.jpg 4\n", ["a.jpg stands there twice"]),
        (read_identity, "a.jpg 3 4\n", ["expected 2 columns"]),
        (read_landmarks, LANDMARKS.replace("nose_x", "nase_x"), ["'nose_x' is missing"]),
        (read_attributes, attributes("Male").replace("b.jpg -1", "b.jpg 5"), ["b.jpg", "1 or -1"]),
        (read_attributes, attributes("Male").replace("Young", "Old"), ["'Young' is missing"]),
    ],
)
def test_each_fault_is_named(tmp_path, reader, text, words):
    path = tmp_path / "file.txt"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        reader(path)
    for word in [str(path), *words]:
        assert word in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.txt: no such annotation file"):
        read_boxes(tmp_path / "nowhere.txt")


@needs_celeba
def test_all_real_rows_are_read():
    folder = SHARED / "celeba"
    names = ["identity_CelebA", "list_attr_celeba", "list_bbox_celeba", "list_landmarks_celeba"]
    table = read_annotations(*(folder / f"{name}.txt" for name in names))
    assert len(table) == len((folder / "identity_CelebA.txt").read_text().splitlines())
    line = (folder / "list_bbox_celeba.txt").read_text().splitlines()[2].split()
    row = table.set_index("image_id").loc[line[0]]
    assert row[["x", "y", "width", "height"]].tolist() == [float(word) for word in line[1:]]
    assert np.isfinite(table.drop(columns="image_id").to_numpy(float)).all()
