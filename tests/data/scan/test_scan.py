import cv2
import numpy as np
import pandas as pd
import pytest

from faceline.core.columns import FACE_HASHES, POINT_COLUMNS
from faceline.core.errors import InputError
from faceline.data.scan.scan import refuse_unreadable, scan_photos, sharpness
from faceline.photos.photos import open_photos


def scene(seed, height=200, width=160):
    noise = np.random.default_rng(seed).integers(0, 255, (12, 12), dtype=np.uint8)
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)


def test_sharpness_falls_with_blur_and_does_not_depend_on_size():
    photo = np.random.default_rng(1).integers(0, 255, (512, 512), dtype=np.uint8)
    photo = cv2.GaussianBlur(photo, (0, 0), 3)
    assert sharpness(cv2.GaussianBlur(photo, (0, 0), 6)) < 0.3 * sharpness(photo)
    doubled = cv2.resize(photo, (1024, 1024), interpolation=cv2.INTER_CUBIC)
    assert sharpness(doubled) == pytest.approx(sharpness(photo), rel=0.1)


def test_scan_tells_size_and_why_a_photo_cannot_be_read(tmp_path):
    cv2.imwrite(str(tmp_path / "b.png"), scene(1))
    (tmp_path / "a.jpg").write_bytes(b"broken")
    (tmp_path / "c.jpg").write_bytes(b"")
    landmarks = pd.DataFrame([["b.png", 60.0, 80, 100, 82, 80, 100, 64, 122, 96, 124]])
    rows = scan_photos(open_photos(tmp_path), landmarks.set_axis(["image_id", *POINT_COLUMNS], axis=1))
    assert rows.image_id.tolist() == ["a.jpg", "b.png", "c.jpg"]
    assert rows.readable.tolist() == [False, True, False]
    assert rows.loc[1, ["width", "height"]].tolist() == [160, 200]
    assert rows.reason[0].startswith("not a readable image")
    assert rows.hash.dtype == "UInt64"
    assert rows.hash.notna().tolist() == [False, True, False]
    without = scan_photos(open_photos(tmp_path), landmarks.iloc[:0].set_axis(["image_id", *POINT_COLUMNS], axis=1))
    for name in FACE_HASHES:
        assert rows[name].notna().tolist() == [False, True, False]
        assert without[name].isna().all()


def test_too_many_unreadable_photos_are_all_named():
    rows = pd.DataFrame({"image_id": ["a", "b", "c"], "readable": [False, True, False], "reason": ["x", "", "y"]})
    refuse_unreadable(rows, allowed=2)
    with pytest.raises(InputError, match=r"(?s)2 photos.*max_unreadable allows 1.*a: x\n  c: y"):
        refuse_unreadable(rows, allowed=1)
