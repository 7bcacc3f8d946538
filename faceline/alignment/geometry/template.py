"""Where the five landmarks of an aligned face lie."""

import numpy as np

# insightface's 112 x 112 template (Deng et al., ArcFace, CVPR 2019): (x, y) in px, order of `core.columns.POINTS`
TEMPLATE_PX = 112
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)


def template(size_px: int) -> np.ndarray:
    """The template for another tile size: the same framing, pixel edges scaled onto pixel edges."""
    return (TEMPLATE + 0.5) * (size_px / TEMPLATE_PX) - 0.5
