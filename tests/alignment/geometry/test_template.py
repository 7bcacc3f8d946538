import cv2
import numpy as np

from faceline.alignment.geometry.template import TEMPLATE, template


def test_template_scales_by_pixel_edges():
    # doubling an image puts pixel 0's centre at 0.5: the same content must lie under the same point
    image = np.zeros((112, 112), np.float32)
    cv2.circle(image, (56, 72), 6, 1, -1)
    big = cv2.resize(image, (224, 224), interpolation=cv2.INTER_LINEAR)
    ys, xs = np.mgrid[:112, :112]
    small_centre = np.array([(xs * image).sum(), (ys * image).sum()]) / image.sum()
    ys, xs = np.mgrid[:224, :224]
    big_centre = np.array([(xs * big).sum(), (ys * big).sum()]) / big.sum()
    np.testing.assert_allclose((small_centre + 0.5) * 2 - 0.5, big_centre, atol=0.01)
    np.testing.assert_allclose(template(224), (TEMPLATE + 0.5) * 2 - 0.5)
    np.testing.assert_allclose(template(112), TEMPLATE)
