"""The choice of people and the intervals of the benchmark of groups."""

import numpy as np
import pytest

from benchmarks.clusters import chosen_photos, intervals
from benchmarks.field_faces import photos_of_people
from faceline.clustering.bcubed import b_cubed


def test_halves_share_nobody_and_photos_go_from_one_to_ten(tmp_path):
    lines = [f"{photo:06d}.jpg {photo % 40}" for photo in range(800)]
    (tmp_path / "identity_CelebA.txt").write_text("\n".join(lines) + "\n")
    photos = photos_of_people(tmp_path)
    assert {person: len(own) for person, own in photos.items()} == dict.fromkeys(range(40), 20)
    assert list(photos) != sorted(photos)
    dev, test = (chosen_photos(photos, half, 12) for half in ("dev", "test"))
    assert not dev.keys() & test.keys()
    assert [len(own) for own in test.values()] == [*range(1, 11), 1, 2]


def test_intervals_draw_people_not_faces():
    """Two people of equally many faces: a resample has one of them, the other, or both."""
    person = np.repeat(["A", "B"], 50)
    figures = b_cubed(np.repeat([0, 1, 2], [50, 25, 25]), person)  # B's faces in two groups
    low, high = intervals(figures, person)[1]
    assert (low, high) == pytest.approx((0.5, 1.0))
    assert intervals(figures, person)[0].tolist() == pytest.approx([1.0, 1.0])
