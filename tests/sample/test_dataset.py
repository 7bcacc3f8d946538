"""The synthetic data set as files: CelebA's forms, the same bytes again, and what the filter has to reject."""

import io
import multiprocessing
import re
import threading
import time
import zipfile
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from faceline.core.columns import ATTRIBUTES
from faceline.core.errors import FacelineError
from faceline.sample.dataset import draw_sample, draw_shoot, plan_shoots

SHARED = Path(__file__).parents[3] / "shared" / "celeba"
FILES = (
    "identity_CelebA.txt",
    "list_attr_celeba.txt",
    "list_bbox_celeba.txt",
    "list_eval_partition.txt",
    "list_landmarks_celeba.txt",
)


@pytest.fixture(scope="module")
def folder(small_params, tmp_path_factory):
    out = tmp_path_factory.mktemp("drawn") / "sample"
    draw_sample(small_params, out, workers=2)
    return out


@pytest.fixture(scope="module")
def table(folder):
    """One row per image: person, partition, box, points, attributes, width, height."""

    def read(name, skip, columns):
        return pd.read_csv(
            folder / name, sep=r"\s+", skiprows=skip, header=None, names=["image", *columns], index_col=0
        )

    points = [f"{point}_{axis}" for point in ("left", "right", "nose", "mouth_left", "mouth_right") for axis in "xy"]
    parts = [
        read("identity_CelebA.txt", 0, ["person"]),
        read("list_eval_partition.txt", 0, ["partition"]),
        read("list_bbox_celeba.txt", 2, ["x", "y", "width", "height"]),
        read("list_landmarks_celeba.txt", 2, points),
        read("list_attr_celeba.txt", 2, ATTRIBUTES),
    ]
    sizes = {}
    with zipfile.ZipFile(folder / "img_celeba.zip") as archive:
        for member in archive.infolist():
            assert member.compress_type == zipfile.ZIP_STORED
            sizes[Path(member.filename).name] = Image.open(io.BytesIO(archive.read(member))).size
    return pd.concat([*parts, pd.DataFrame(sizes, index=["photo_width", "photo_height"]).T], axis=1)


def test_every_file_speaks_of_the_same_images(table, small_params):
    assert not table.isna().any(axis=None)
    assert list(table.index) == [f"drawn_{i:06d}.jpg" for i in range(1, len(table) + 1)]
    assert len(table) == len(plan_shoots(small_params))
    assert set(np.unique(table[list(ATTRIBUTES)])) == {-1, 1}
    assert set(table["partition"]) == {0, 1, 2}


@pytest.mark.parametrize("name", FILES)
def test_lines_look_like_celeba(folder, name):
    if not SHARED.is_dir():
        pytest.skip("no CelebA sample beside the project")
    ours, theirs = ((base / name).read_text().splitlines()[:4] for base in (folder, SHARED))

    def shape(line):
        return re.sub(r" *-?\d+(\.\d+)?", "#", re.sub(r"^\S*\.jpg", "IMAGE", line))

    assert [shape(line) for line in ours] == [shape(line) for line in theirs]
    if "attr" in name:  # columns line up at the same places where numbers are padded
        lengths = [{len(line) - line.index(".jpg") for line in lines[2:]} for lines in (ours, theirs)]
        assert lengths[0] <= lengths[1]


def test_points_lie_in_boxes_and_boxes_in_photos(table):
    rows = table[table["width"] > 0]
    assert len(table) - len(rows) == 1
    right, bottom = rows["x"] + rows["width"], rows["y"] + rows["height"]
    assert (rows[["x", "y"]] >= 0).all(axis=None)
    assert (right <= rows["photo_width"]).all()
    assert (bottom <= rows["photo_height"]).all()
    for point in ("left", "right", "nose", "mouth_left", "mouth_right"):
        assert rows[f"{point}_x"].between(rows["x"], right).all()
        assert rows[f"{point}_y"].between(rows["y"], bottom).all()
    assert (rows["left_x"] < rows["right_x"]).all()
    assert (rows["mouth_left_x"] < rows["mouth_right_x"]).all()


def test_boxes_are_loose_but_unbiased(shipped_params):
    shoots = [s for s in plan_shoots(shipped_params) if s.kind == "good" and s.box_known and not s.copy][:40]
    ratios, shifts = [], []
    for shoot in shoots:
        _, (x, y, width, height), points, _ = draw_shoot(shoot, shipped_params)
        eyes, mouth = points[:2].mean(0), points[3:].mean(0)
        exact = 1.79 * np.sqrt(((points[1] - points[0]) ** 2).sum() + ((mouth - eyes) ** 2).sum())
        ratios.append(width / exact)
        shifts.append((np.array([x + width / 2, y + height / 2]) - (eyes + mouth) / 2) / (width, height))
        assert height / width == pytest.approx(1.385, abs=0.03)
    assert np.mean(ratios) == pytest.approx(1, abs=0.03)
    assert 0.025 < np.std(ratios) < 0.08
    assert np.abs(np.mean(shifts, axis=0)).max() < 0.02


def test_same_params_same_bytes_whoever_draws(folder, small_params, tmp_path):
    draw_sample(small_params, tmp_path / "again", workers=1)
    for file in folder.iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes(), file.name


def test_another_seed_draws_other_photos(small_params):
    other = small_params.model_copy(update={"seed": 4})
    shoot = plan_shoots(small_params)[0]
    assert draw_shoot(shoot, small_params)[0] != draw_shoot(shoot, other)[0]
    assert plan_shoots(small_params) != plan_shoots(other)


def test_roles_fill_from_good_photos_alone_and_rejects_are_there(shipped_params):
    shoots = plan_shoots(shipped_params)
    assert len(shoots) <= 1900
    good = Counter(s.labelled for s in shoots if s.kind == "good" and s.box_known and not s.copy and s.number < 1000)
    for role, count in {25: 40, 8: 70, 3: 40}.items():
        assert sum(photos == role for photos in good.values()) == count
    assert sum(photos == 1 for photos in good.values()) >= 5
    kinds = Counter(s.kind for s in shoots)
    assert kinds["blurry"] >= 50
    assert kinds["tiny"] >= 15
    assert sum(not s.box_known for s in shoots) == 1
    assert sum(s.bystander for s in shoots) >= 30
    copies = [s for s in shoots if s.copy]
    told = sorted((s.copy, s.person == s.labelled) for s in copies)
    assert told == [("cropped", True), ("mirrored", True), ("smaller", False), ("smaller", True)]
    seen = Counter((s.person, s.number) for s in shoots)
    assert sorted(seen.values())[-5:] == [1, 2, 2, 2, 2]
    assert all(seen[s.person, s.number] == 2 for s in copies)
    changes = sum(a.labelled != b.labelled for a, b in pairwise(shoots))
    assert changes > 0.9 * len(shoots)


def test_tiny_faces_are_tiny_and_blurry_ones_are_marked(table, small_params):
    shoots = plan_shoots(small_params)
    for shoot, (_, row) in zip(shoots, table.iterrows(), strict=True):
        assert (row["Blurry"] == 1) == (shoot.kind == "blurry")
        if shoot.kind == "tiny":
            assert row["width"] < 40
        elif shoot.box_known:
            assert row["width"] >= 60


def test_a_copy_is_the_same_picture_with_its_own_annotation(small_params):
    for copy in (s for s in plan_shoots(small_params) if s.copy == "smaller"):
        twin = next(
            s for s in plan_shoots(small_params) if not s.copy and (s.person, s.number) == (copy.person, copy.number)
        )
        (a, box_a, points_a, _), (b, box_b, points_b, _) = (draw_shoot(s, small_params) for s in (twin, copy))
        large, small = (Image.open(io.BytesIO(jpeg)).convert("L") for jpeg in (a, b))
        assert small.width < large.width
        grey = [np.asarray(photo.resize((64, 64)), float).ravel() for photo in (large, small)]
        assert np.corrcoef(grey)[0, 1] > 0.99
        scale = small.width / large.width
        np.testing.assert_allclose(points_b, points_a * scale, atol=1.5)
        np.testing.assert_allclose(box_b, box_a * scale, atol=1.5)


def twins(params, kind):
    shoots = plan_shoots(params)
    copy = next(s for s in shoots if s.copy == kind)
    twin = next(s for s in shoots if not s.copy and (s.person, s.number) == (copy.person, copy.number))
    drawn = [draw_shoot(shoot, params)[:3] for shoot in (twin, copy)]
    return [
        (np.asarray(Image.open(io.BytesIO(jpeg)).convert("L"), float), box, points) for jpeg, box, points in drawn
    ]


def test_a_mirrored_copy(small_params):
    (plain, box, points), (mirrored, box_m, points_m) = twins(small_params, "mirrored")
    assert mirrored.shape == plain.shape
    assert np.corrcoef(plain[:, ::-1].ravel(), mirrored.ravel())[0, 1] > 0.99
    assert points_m[[1, 0, 2, 4, 3], 0] + points[:, 0] == pytest.approx(plain.shape[1] - 1)
    assert points_m[[1, 0, 2, 4, 3], 1] == pytest.approx(points[:, 1])
    assert box_m[0] + box_m[2] == pytest.approx(plain.shape[1] - box[0])
    assert box_m[1:] == pytest.approx(box[1:])


def test_a_cropped_copy(small_params):
    (plain, box, points), (cropped, box_c, points_c) = twins(small_params, "cropped")
    (left, top), (height, width) = box[:2] - box_c[:2], cropped.shape
    assert cropped.size < 0.9 * plain.size
    window = plain[int(top) : int(top) + height, int(left) : int(left) + width]
    assert np.corrcoef(window.ravel(), cropped.ravel())[0, 1] > 0.98
    assert points_c == pytest.approx(points - (left, top))
    assert box_c[2:] == pytest.approx(box[2:])
    assert (box_c[:2] >= 0).all()
    assert (box_c[:2] + box_c[2:] <= (width, height)).all()


def test_annotations_are_what_was_drawn_and_not_rounded_to_pixels(folder, table, small_params):
    drawn = [draw_shoot(shoot, small_params)[1:3] for shoot in plan_shoots(small_params)[:20]]
    for (box, points), (_, row) in zip(drawn, table.iterrows(), strict=False):
        assert row.iloc[2:6].to_numpy(float) == pytest.approx(box, abs=0.006)
        assert row.iloc[6:16].to_numpy(float) == pytest.approx(points.ravel(), abs=0.006)


def test_a_worker_that_is_killed_ends_the_work_with_a_message(small_params, tmp_path):
    def kill():
        while not (workers := multiprocessing.active_children()):
            time.sleep(0.01)
        workers[0].kill()

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(FacelineError, match="killed"):
        draw_sample(small_params, tmp_path / "out", workers=2)
    killer.join()
    assert list(tmp_path.iterdir()) == []
    assert multiprocessing.active_children() == []
