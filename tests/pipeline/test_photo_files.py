"""Whatever people call a photo is read, or refused with a word."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceline.core.errors import InputError
from faceline.pipeline.photo_files import find_photos, read_photo, read_photos


def gradient(width: int = 40, height: int = 30) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 // width, y * 255 // height, np.full_like(x, 90)], axis=2).astype(np.uint8)


def test_plain_photo(tmp_path: Path) -> None:
    Image.fromarray(gradient()).save(tmp_path / "a.png")
    photo = read_photo(tmp_path / "a.png")
    assert photo.status == "ok"
    assert np.array_equal(photo.image, gradient())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_undone(tmp_path: Path, orientation: int) -> None:
    """Turned on disk the way a camera would do it, by the standard's own list of what each number means."""
    upright = gradient()
    on_disk = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(on_disk)).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_photo(tmp_path / "a.png").image, upright)


def test_grey_palette_and_cmyk_become_rgb(tmp_path: Path) -> None:
    image = Image.fromarray(gradient())
    image.convert("L").save(tmp_path / "grey.png")
    image.convert("1").save(tmp_path / "bits.png")
    image.convert("P").save(tmp_path / "palette.gif")
    image.convert("CMYK").save(tmp_path / "print.jpg", quality=95)
    for file in tmp_path.iterdir():
        photo = read_photo(file)
        assert photo.status == "ok"
        assert photo.image.shape == (30, 40, 3)
        assert photo.image.dtype == np.uint8
    cmyk = read_photo(tmp_path / "print.jpg").image.astype(int)
    assert np.abs(cmyk - gradient()).mean() < 12


def test_sixteen_bits_keep_their_levels(tmp_path: Path) -> None:
    deep = np.linspace(0, 65535, 40 * 30).reshape(30, 40).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    Image.fromarray(deep).save(tmp_path / "deep.tif")
    for file in tmp_path.iterdir():
        eight = read_photo(file).image[..., 0].astype(float)
        assert np.abs(eight - deep / 257).max() <= 0.51


def test_float_tiff(tmp_path: Path) -> None:
    levels = np.linspace(0, 1, 1200, dtype=np.float32).reshape(30, 40)
    Image.fromarray(levels).save(tmp_path / "float.tif")
    assert np.abs(read_photo(tmp_path / "float.tif").image[..., 1] - levels * 255).max() <= 0.51


def test_alpha_lies_over_white(tmp_path: Path) -> None:
    layer = np.dstack([gradient(), np.full((30, 40), 255, np.uint8)])
    layer[:10, :, 3] = 0
    Image.fromarray(layer, "RGBA").save(tmp_path / "a.png")
    image = read_photo(tmp_path / "a.png").image
    assert (image[:10] == 255).all()
    assert np.array_equal(image[10:], gradient()[10:])


def test_animation_gives_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert (read_photo(tmp_path / "a.gif").image == (255, 0, 0)).all()


def png_header(width: int, height: int) -> bytes:
    """A PNG that only claims its size: decoding it would be the bomb."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"")
    chunks = [struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one)) for one in (body, data)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("size", [(30_000, 40), (40, 30_000), (12_000, 12_000), (30_000, 30_000)])
def test_huge_photos_are_refused_before_decoding(tmp_path: Path, size: tuple[int, int]) -> None:
    (tmp_path / "huge.png").write_bytes(png_header(*size))
    photo = read_photo(tmp_path / "huge.png")
    assert photo.status == "too_large"
    assert photo.reason
    assert photo.image is None


def test_broken_photos_say_what_is_wrong(tmp_path: Path) -> None:
    whole = tmp_path / "whole.jpg"
    Image.fromarray(gradient(400, 300)).save(whole)
    (tmp_path / "cut.jpg").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    (tmp_path / "cut.png").write_bytes(png_header(40, 30))
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("not a photo")
    cases = {
        "cut.jpg": "damaged",
        "cut.png": "damaged",
        "empty.jpg": "empty",
        "text.jpg": "format",
        "gone.jpg": "no such",
    }
    for name, word in cases.items():
        photo = read_photo(tmp_path / name)
        assert photo.status == "unreadable", name
        assert word in photo.reason
        assert photo.image is None
    assert read_photo(tmp_path).status == "unreadable"


def test_many_are_read_in_order(tmp_path: Path) -> None:
    paths = []
    for number in range(20):
        path = tmp_path / f"{number:02d}.png"
        Image.new("RGB", (8, 8), (number, 0, 0)).save(path)
        paths.append(path)
    assert [photo.image[0, 0, 0] for photo in read_photos(paths, workers=3)] == list(range(20))


def test_photos_folders_and_patterns(tmp_path: Path) -> None:
    (tmp_path / "deep/er").mkdir(parents=True)
    for name in ("b.jpg", "a.png", "deep/c.JPG", "deep/er/d.webp", "notes.txt"):
        (tmp_path / name).touch()
    found = find_photos([str(tmp_path / "b.jpg"), str(tmp_path)])
    assert [path.name for path in found] == ["b.jpg", "a.png", "c.JPG", "d.webp"]
    assert [path.name for path in find_photos([str(tmp_path / "*.png")])] == ["a.png"]
    assert find_photos([str(tmp_path / "gone.jpg")]) == [tmp_path / "gone.jpg"]
    for empty in ("*.tif", "deep/er/*.gif"):
        with pytest.raises(InputError, match="no photos"):
            find_photos([str(tmp_path / empty)])


def test_a_name_with_pattern_characters_is_a_name(tmp_path: Path) -> None:
    (tmp_path / "me [1].jpg").touch()
    assert find_photos([str(tmp_path / "me [1].jpg")]) == [tmp_path / "me [1].jpg"]
