import cv2
import numpy as np
import pytest
from PIL import Image

from faceline.core.errors import InputError
from faceline.imaging.images import decode_all, decode_rgb, encode_jpeg


def test_colours_keep_their_order_and_their_resolution():
    stripes = np.zeros((32, 32, 3), np.uint8)
    stripes[:, ::2] = (200, 30, 30)  # one px wide: chroma subsampling would mix neighbours
    stripes[:, 1::2] = (30, 30, 200)
    again = decode_rgb(encode_jpeg(stripes, 95))
    assert np.abs(again.astype(int) - stripes).mean() < 12


def test_grey_and_alpha_become_rgb(tmp_path):
    Image.new("L", (9, 7), 100).save(tmp_path / "grey.png")
    Image.new("RGBA", (9, 7), (1, 2, 3, 4)).save(tmp_path / "alpha.png")
    assert decode_rgb((tmp_path / "grey.png").read_bytes()).shape == (7, 9, 3)
    assert decode_rgb((tmp_path / "alpha.png").read_bytes())[0, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize("content", [b"", b"no image at all"])
def test_what_is_no_image_is_named(content):
    with pytest.raises(InputError, match=r"me\.jpg: not a readable image"):
        decode_rgb(content, "me.jpg")


def test_many_come_in_order():
    images = [np.full((4, 4, 3), n % 250, np.uint8) for n in range(600)]
    encoded = [cv2.imencode(".png", image)[1].tobytes() for image in images]
    assert [int(image[0, 0, 0]) for image in decode_all(encoded, workers=2)] == [n % 250 for n in range(600)]
