import hashlib
from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from tiny_landmarks import FACE

from faceline.boxes.boxes import box_around, iou
from faceline.core.columns import ATTRIBUTES, BOX_COLUMNS, POINT_COLUMNS
from faceline.core.errors import InputError
from faceline.landmarks.sets.sources import (
    five_of_68,
    held_out,
    person_of,
    read_keypoints68,
    read_landmark_set,
    read_mtfl,
    source_photo,
)
from faceline.points.points import points_of
from real_data import SHARED, needs_keypoints68, needs_mtfl

SPLITS = ("train", "dev", "test")
MTFL_LINE = "net_7876/{n}_0_0.jpg 104 308 95 299 151.0 147.0 246.0 148.0 209.5 194.0 161.0 237.0 235.0 235.25\n"


def mtfl_file(folder, count=40):
    path = folder / "list.txt"
    path.write_text("".join(MTFL_LINE.format(n=n) for n in range(count)))
    return path


def test_mtfl_lines_give_names_points_and_boxes_in_celebas_convention(tmp_path):
    rows = read_mtfl(mtfl_file(tmp_path))
    assert rows.image_id[3] == "3_0_0.jpg"
    assert (rows.person == "").all()
    np.testing.assert_array_equal(
        points_of(rows)[0], [[151, 147], [246, 148], [209.5, 194], [161, 237], [235, 235.25]]
    )
    # all faces are alike here, so the fitted map brings each box onto the one its points call for
    np.testing.assert_allclose(rows[BOX_COLUMNS].to_numpy(), box_around(points_of(rows)), rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "photo"),
    [
        ("1623_2_0.jpg", "1623"),
        ("0_0_0.jpg", "0"),
        ("_-20_1193_1.jpg", "1193"),
        ("_0_1193_0.jpg", "1193"),
        ("_60_14_1.jpg", "14"),
        ("Ada_Lovelace_0003.jpg", "Ada_Lovelace"),
        ("solo.jpg", "solo"),
    ],
)
def test_the_number_in_a_name_of_mtfl_is_its_source_photo(name, photo):
    assert source_photo(name) == photo


def names_like_mtfls(photos=120):
    """{photo: names}: every form of name, one to four faces of each photo, some of them under several poses."""
    rng = np.random.default_rng(4)
    names = {}
    for photo in map(int, rng.permutation(9999)[:photos]):
        faces = range(int(rng.integers(1, 5)))
        names[photo] = [
            f"{photo}_{face}_0.jpg" if photo % 2 else f"_{rng.choice([-60, -20, 0, 40])}_{photo}_{face}.jpg"
            for face in faces
        ]
    return names


def test_faces_of_one_source_photo_share_a_split(tmp_path):
    names = names_like_mtfls()
    path = tmp_path / "list.txt"
    path.write_text("".join(MTFL_LINE.replace("{n}_0_0.jpg", name) for some in names.values() for name in some))
    rows = read_mtfl(path).set_index("image_id")
    assert {len({rows.split[name] for name in some}) for some in names.values()} == {1}
    assert {len({rows.group[name] for name in some}) for some in names.values()} == {1}
    assert rows.group.nunique() == len(names)
    assert [len({source for source, some in names.items() if rows.split[some[0]] == split}) for split in SPLITS] == [
        102,
        6,
        12,
    ]


def test_mtfl_boxes_follow_their_own_places_not_their_own_points(tmp_path):
    lines = [MTFL_LINE.format(n=n) for n in range(40)]
    lines[7] = lines[7].replace("151.0 147.0", "111.0 187.0")
    lines[9] = lines[9].replace("104 308 95 299", "114 318 95 299")
    path = tmp_path / "list.txt"
    path.write_text("".join(lines))
    boxes = read_mtfl(path)[BOX_COLUMNS].to_numpy()
    np.testing.assert_allclose(boxes[7], boxes[0])
    np.testing.assert_allclose(boxes[9] - boxes[0], [10, 0, 0, 0], atol=1e-9)


def test_mtfl_order_of_the_box_is_left_right_top_bottom(tmp_path):
    path = tmp_path / "list.txt"
    wide = [MTFL_LINE.format(n=n).replace("104 308 95 299", "0 400 100 200") for n in range(40)]
    path.write_text("".join([MTFL_LINE.format(n=n) for n in range(100, 180)] + wide))
    boxes = read_mtfl(path)[BOX_COLUMNS]
    assert (boxes.width[80:] / boxes.width[0]).to_numpy() == pytest.approx(400 / 204)
    assert (boxes.height[80:] / boxes.height[0]).to_numpy() == pytest.approx(100 / 204)


def test_backslashes_in_paths_are_understood(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("".join(MTFL_LINE.format(n=n).replace("/", "\\") for n in range(40)))
    assert read_mtfl(path).image_id[0] == "0_0_0.jpg"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("235.25", ""), "line 2: expected a path"),
        (("235.25", "many"), "line 2: 'many' is not a number"),
        (("1_0_0", "0_0_0"), "0_0_0.jpg is listed more than once"),
    ],
)
def test_wrong_mtfl_lines_are_named(tmp_path, change, message):
    path = mtfl_file(tmp_path)
    lines = path.read_text().splitlines(keepends=True)
    lines[1] = lines[1].replace(*change)
    path.write_text("".join(lines))
    with pytest.raises(InputError, match=message):
        read_mtfl(path)


@pytest.mark.parametrize("read", [read_mtfl, read_keypoints68])
def test_missing_and_empty_files_are_named(tmp_path, read):
    with pytest.raises(InputError, match=r"none\.txt"):
        read(tmp_path / "none.txt")
    (tmp_path / "empty.txt").write_text("\n")
    with pytest.raises(InputError, match="is empty"):
        read(tmp_path / "empty.txt")


def keypoints68_file(folder, names, points):
    path = folder / "points.csv"
    lines = [",".join(["", *map(str, range(136))])]
    lines += [",".join([name, *(f"{v:.2f}" for v in face.ravel())]) for name, face in zip(names, points, strict=True)]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_68_points_give_the_five_by_their_numbers(tmp_path):
    points = np.random.default_rng(0).uniform(20, 90, (12, 68, 2)).round(2)
    names = [f"Ada_B_Lovelace{'_'}{n:02d}.jpg" if n < 2 else f"Person_{n}_0.jpg" for n in range(12)]
    rows = read_keypoints68(keypoints68_file(tmp_path, names, points))
    five = points_of(rows)
    for face, found in zip(points, five, strict=True):
        numbered = {number + 1: point for number, point in enumerate(face)}
        left = np.mean([numbered[n] for n in (37, 38, 39, 40, 41, 42)], axis=0)
        right = np.mean([numbered[n] for n in (43, 44, 45, 46, 47, 48)], axis=0)
        np.testing.assert_allclose(found, [left, right, numbered[31], numbered[49], numbered[55]])
    np.testing.assert_allclose(rows[BOX_COLUMNS], box_around(five))
    assert list(rows.person[:3]) == ["Ada_B_Lovelace", "Ada_B_Lovelace", "Person_2"]


def test_rows_with_too_few_numbers_are_named(tmp_path):
    path = keypoints68_file(tmp_path, ["a_1.jpg", "b_1.jpg"], np.ones((2, 68, 2)))
    path.write_text(path.read_text().replace("b_1.jpg,1.00,", "b_1.jpg,"))
    with pytest.raises(InputError, match="line 3: expected a name and 136 numbers, found 135"):
        read_keypoints68(path)


def test_five_of_68_works_on_batches_of_any_shape():
    points = np.random.default_rng(0).normal(size=(2, 3, 68, 2))
    np.testing.assert_array_equal(five_of_68(points)[1, 2], five_of_68(points[1, 2]))


@pytest.mark.parametrize(
    ("name", "person"), [("A_B_01.jpg", "A_B"), ("A-B_12.png", "A-B"), ("solo.jpg", "solo"), ("x/A_3.jpg", "A")]
)
def test_people_are_named_by_their_files(name, person):
    assert person_of(name) == person


def test_the_tenth_with_the_smallest_hashes_is_held_out():
    names = [f"face {n}" for n in range(200)]
    split = held_out(names)
    hashes = [hashlib.sha256(name.encode()).hexdigest() for name in names]
    assert max(h for h, s in zip(hashes, split, strict=True) if s == "test") == sorted(hashes)[19]
    assert [int((split == kind).sum()) for kind in ("test", "dev", "train")] == [20, 10, 170]
    np.testing.assert_array_equal(held_out(names[::-1])[::-1], split)


def test_photos_of_a_person_stay_together():
    names = [f"person {n // 3}" for n in range(300)]
    split = held_out(names)
    for start in range(0, 300, 3):
        assert len(set(split[start : start + 3])) == 1
    assert (split == "test").sum() == 30


def selected_table():
    rows = pd.DataFrame({"image_id": [f"drawn_{n}.jpg" for n in range(4)], "person": [4, 5, 6, 7]})
    rows["role"] = ["train", "dev", "query", "distractor"]
    rows["split"] = ["val", "", "", ""]
    rows[BOX_COLUMNS] = [10, 20, 50, 70]
    rows[POINT_COLUMNS] = (FACE * 10 + 40).round().astype(int).ravel()
    return rows.assign(**dict.fromkeys(ATTRIBUTES, 1))


def test_roles_of_the_selection_become_splits(tmp_path):
    path = tmp_path / "selected.csv"
    selected_table().to_csv(path, index=False)
    rows, known = read_landmark_set("selected", path)
    assert list(rows.split) == ["train", "dev", "test", "test"]
    assert list(rows.person) == list(rows.group) == ["4", "5", "6", "7"]
    assert set(ATTRIBUTES) < set(rows.columns)
    assert known == {"labels": "synthetic", "boxes": "dataset", "apart": "people"}


def test_what_is_known_of_each_set(tmp_path):
    """Who set the points, who made the boxes, and whether people or only photos are kept apart."""
    path = tmp_path / "selected.csv"
    selected_table().assign(image_id=[f"{n:06d}.jpg" for n in range(4)]).to_csv(path, index=False)
    of_the_data_set = {"labels": "dataset", "boxes": "dataset", "apart": "people"}
    assert read_landmark_set("selected", path)[1] == of_the_data_set
    rows, known = read_landmark_set("mtfl", mtfl_file(tmp_path))
    assert known == {"labels": "people", "boxes": "people", "apart": "photos"}
    assert (rows.person == "").all()
    points = np.random.default_rng(0).uniform(20, 90, (12, 68, 2))
    named = keypoints68_file(tmp_path, [f"Person_{n}_01.jpg" for n in range(12)], points)
    rows, known = read_landmark_set("keypoints68", named)
    assert known == {"labels": "unknown", "boxes": "points", "apart": "people"}
    assert (rows.person == rows.group).all()


@needs_mtfl
def test_no_source_photo_of_the_real_mtfl_set_is_in_two_splits():
    rows = read_mtfl(SHARED / "mtfl/trainImageList.txt")
    splits = defaultdict(set)
    for name, split in zip(rows.image_id, rows.split, strict=True):
        parts = name.split("_")  # 1623_2_0.jpg and _-20_1193_1.jpg
        splits[parts[0] or parts[2]].add(split)
    shared = sum(len(found) > 1 for found in splits.values())
    assert shared == 0
    assert (rows.split == "test").mean() == pytest.approx(0.1, abs=0.01)
    assert (rows.split == "dev").mean() == pytest.approx(0.05, abs=0.01)


@needs_mtfl
def test_the_real_mtfl_set_has_faces_in_its_boxes():
    rows = read_mtfl(SHARED / "mtfl/trainImageList.txt")
    boxes = rows[BOX_COLUMNS].to_numpy()
    overlap = iou(boxes, box_around(points_of(rows)))
    assert np.median(overlap) > 0.75
    points = points_of(rows)
    inside = (points >= boxes[:, None, :2]) & (points <= boxes[:, None, :2] + boxes[:, None, 2:])
    assert inside.all(axis=2).mean() > 0.99


@needs_keypoints68
def test_the_real_68_point_set_has_upright_faces():
    rows = read_keypoints68(SHARED / "keypoints68/training_frames_keypoints.csv")
    points = points_of(rows)
    assert (points[:, 0, 0] < points[:, 1, 0]).mean() > 0.99
    assert (points[:, 3:, 1].mean(axis=1) > points[:, 2, 1]).mean() > 0.99
    assert rows.image_id.str.fullmatch(r".+_[0-5][0-2]\.jpg").all()  # person, video, frame
    assert rows.person.str.casefold().nunique() == rows.person.nunique()
    splits = rows.groupby(rows.image_id.str[:-7]).split.nunique()
    assert (splits > 1).sum() == 0
    assert (rows.split == "test").mean() == pytest.approx(0.1, abs=0.03)
