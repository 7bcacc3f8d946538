import cv2
import numpy as np
import pandas as pd
import pytest

from faceline.core.columns import BOX_COLUMNS
from faceline.data.crops.cropping import crop_faces, cut_face, summarise_crops
from faceline.data.crops.params import CropParams
from faceline.imaging.images import decode_rgb
from faceline.photos.photos import open_photos

PARAMS = CropParams(context=0.25, max_px=64, jpeg_quality=95)


@pytest.fixture
def folder(tmp_path):
    """Photos of 100 x 80 px, each of one colour of its own."""
    for n in range(9):
        cv2.imwrite(str(tmp_path / f"{n}.png"), np.full((80, 100, 3), 20 * n, np.uint8))
    return tmp_path


def test_faces_come_in_order_and_in_chunks_with_what_stands_beside_them(folder):
    rows = pd.DataFrame({"image_id": [f"{n}.png" for n in range(9)], "person": range(9)})
    rows[BOX_COLUMNS] = [[30 + n, 20, 21, 30] for n in range(9)]
    with open_photos(folder) as photos:
        chunks = list(crop_faces(photos, rows, PARAMS, chunk=4))
    assert [len(images) for _, images in chunks] == [4, 4, 1]
    table = pd.concat([chunk for chunk, _ in chunks], ignore_index=True)
    assert table.person.tolist() == list(range(9))
    assert table.window_side.tolist() == [45] * 9  # 30 px and a quarter of it on both sides
    assert table.window_x.diff().dropna().tolist() == [1] * 8
    assert (table.photo_width == 100).all()
    assert (table.photo_height == 80).all()
    colours = [decode_rgb(image)[20, 20, 0] for _, images in chunks for image in images]
    np.testing.assert_allclose(colours, 20 * np.arange(9), atol=2)


def test_a_window_beyond_the_photo_is_black_there_and_large_ones_are_stored_small():
    photo = np.full((80, 100, 3), 200, np.uint8)
    window, jpeg = cut_face(photo, np.array([-10.0, 20, 40, 60]), PARAMS)
    assert (window.side, window.stored_px) == (90, 64)
    image = decode_rgb(jpeg)
    assert image.shape == (64, 64, 3)
    assert image[32, 8].max() < 20  # window x 11 lies at photo x -24
    assert image[32, 50].min() > 180


def test_the_padded_share_equals_counting_pixels():
    windows = [(-10, 5, 40, 40), (70, 60, 50, 32), (20, 10, 30, 30), (200, 0, 10, 10), (-5, -7, 120, 64)]
    rows = pd.DataFrame(windows, columns=["window_x", "window_y", "window_side", "stored_px"], dtype="int32")
    rows = rows.assign(photo_width=100, photo_height=80)
    inside = np.zeros((400, 400), bool)
    inside[100:180, 100:200] = True
    counted = [1 - inside[100 + y : 100 + y + side, 100 + x : 100 + x + side].mean() for x, y, side, _ in windows]
    summary = summarise_crops(rows)
    assert summary["padded_share"] == pytest.approx(np.mean(counted))
    assert (summary["faces"], summary["shrunk"], summary["window_px_median"]) == (5, 2, 40)
