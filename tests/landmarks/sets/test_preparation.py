import numpy as np
import pandas as pd
import pytest
from tiny_landmarks import synthetic_faces

from faceline.core.columns import POINT_COLUMNS
from faceline.core.errors import InputError
from faceline.data.crops.params import CropParams
from faceline.imaging import parallel
from faceline.imaging.images import decode_rgb, encode_jpeg
from faceline.landmarks.sets.preparation import crop_set
from faceline.packed.sets import PackedSet, PackedWriter
from faceline.windows.windows import windows_of

CROP = CropParams(context=0.3, max_px=384, jpeg_quality=95)


def crop(rows, photos, folder):
    folder.mkdir()
    with PackedWriter(folder) as writer:
        rejected = crop_set(rows, photos, CROP, writer)
    return PackedSet(folder), rejected


def test_degenerate_rows_are_named_by_reason_and_left_out(tmp_path):
    rows, photos = synthetic_faces(60)
    sound = rows.copy()
    rows.loc[0, POINT_COLUMNS[0]] = np.nan
    rows.loc[1, POINT_COLUMNS[1]] = -3
    rows.loc[2, POINT_COLUMNS[:4]] = 50.0
    rows.loc[3, POINT_COLUMNS[0]], rows.loc[3, POINT_COLUMNS[2]] = (
        sound.loc[3, "right_eye_x"],
        sound.loc[3, "left_eye_x"],
    )
    rows.loc[4, "width"] = 0
    rows.loc[6, "height"] = np.nan
    photos.encoded[rows.image_id[5]] = b"no picture"
    crops, rejected = crop(rows, photos, tmp_path / "set")
    names = rows.image_id.tolist()
    assert dict(zip(rejected.image_id, rejected.reason, strict=True)) == {
        names[0]: "landmarks_not_finite",
        names[1]: "landmarks_outside_photo",
        names[2]: "zero_eye_distance",
        names[3]: "swapped_eyes",
        names[4]: "no_box",
        names[5]: "unreadable",
        names[6]: "no_box",
    }
    assert crops.rows.image_id.tolist() == names[7:]


def test_every_photo_is_read_exactly_once(tmp_path):
    rows, photos = synthetic_faces(30)
    crop(rows, photos, tmp_path / "set")
    assert photos.reads == dict.fromkeys(rows.image_id, 1)


def test_windows_hold_their_part_of_the_photo_beside_the_rows(tmp_path):
    rows, photos = synthetic_faces(20)
    crops, rejected = crop(rows, photos, tmp_path / "set")
    assert rejected.empty
    pd.testing.assert_frame_equal(crops.rows[list(rows.columns)], rows)
    assert set(zip(crops.rows.photo_width, crops.rows.photo_height, strict=True)) == {(120, 120)}
    for window, name, image in zip(windows_of(crops.rows), rows.image_id, crops.encoded(), strict=True):
        photo = np.pad(decode_rgb(photos.encoded[name]), ((200, 200), (200, 200), (0, 0)))
        part = photo[window.y + 200 :, window.x + 200 :][: window.side, : window.side]
        assert window.stored_px == window.side
        assert image == encode_jpeg(part, 95)


def test_the_number_of_threads_changes_no_byte(tmp_path, monkeypatch):
    rows, photos = synthetic_faces(40)
    rows.loc[7, "width"] = 0
    contents = []
    for workers in (1, 4):
        monkeypatch.setattr(parallel, "usable_cores", lambda workers=workers: workers)
        crop(rows, photos, tmp_path / str(workers))
        contents.append((tmp_path / str(workers) / "part-0000.parquet").read_bytes())
    assert contents[0] == contents[1]


def test_a_photo_that_is_not_there_is_an_error(tmp_path):
    rows, photos = synthetic_faces(20)
    del photos.encoded[rows.image_id[3]]
    with pytest.raises(KeyError):
        crop(rows, photos, tmp_path / "set")


def test_a_split_without_faces_is_refused(tmp_path):
    rows, photos = synthetic_faces(20)
    with pytest.raises(InputError, match="no usable faces for test"):
        crop(rows[rows.split != "test"].reset_index(drop=True), photos, tmp_path / "set")
