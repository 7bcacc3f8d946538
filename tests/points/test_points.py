import numpy as np
import pytest

from faceline.core.columns import POINTS
from faceline.points.points import defects, eye_distance, point_table, points_of

FACE = np.array([[30, 40], [70, 40], [50, 60], [35, 80], [65, 80]], float)


def moved(index, x, y):
    face = FACE.copy()
    face[index] = (x, y)
    return face


@pytest.mark.parametrize(
    ("points", "defect"),
    [
        (FACE, ""),
        (moved(2, np.nan, 1), "landmarks_not_finite"),
        (moved(4, 100, 80), "landmarks_outside_photo"),
        (moved(0, -0.5, 40), "landmarks_outside_photo"),
        (moved(1, 30.3, 40.2), "zero_eye_distance"),
        (FACE[[1, 0, 2, 3, 4]], "swapped_eyes"),
        (FACE[[1, 0, 2, 4, 3]], ""),  # a face on its head, not a mix-up
    ],
)
def test_each_defect_has_its_name(points, defect):
    assert defects(points[None], np.array([100]), np.array([100]))[0] == defect


def test_tables_and_arrays_agree():
    points = np.random.default_rng(1).normal(size=(3, 5, 2))
    np.testing.assert_array_equal(points_of(point_table(points)), points)
    assert point_table(points)["nose_y"].tolist() == points[:, POINTS.index("nose"), 1].tolist()
    assert eye_distance(FACE) == 40
