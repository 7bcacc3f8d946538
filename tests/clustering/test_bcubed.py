"""B-cubed figures against the definition, face by face."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceline.clustering.bcubed import b_cubed


def by_definition(groups, people):
    """Precision and recall of each face: its own group's and its own person's faces counted one by one."""
    precision, recall = [], []
    for i in range(len(groups)):
        together = [j for j in range(len(groups)) if j == i or (groups[i] >= 0 and groups[j] == groups[i])]
        alike = [j for j in range(len(groups)) if people[j] == people[i]]
        both = len(set(together) & set(alike))
        precision.append(both / len(together))
        recall.append(both / len(alike))
    return precision, recall


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-1, 5), st.sampled_from("ABCDE")), min_size=1, max_size=40))
def test_every_face_by_the_definition(faces):
    groups, people = zip(*faces, strict=True)
    figures = b_cubed(groups, people)
    precision, recall = by_definition(groups, people)
    assert figures.precision == pytest.approx(precision)
    assert figures.recall == pytest.approx(recall)
    p, r, f = figures.means()
    assert (p, r) == pytest.approx((np.mean(precision), np.mean(recall)))
    assert f == pytest.approx(2 / (1 / p + 1 / r))


def test_known_cases():
    """All in one group, every face alone, and the two as they should be."""
    people = ["A", "A", "A", "B"]
    assert b_cubed([0, 0, 0, 0], people).means()[:2] == pytest.approx(((3 * 3 / 4 + 1 / 4) / 4, 1))
    assert b_cubed([-1, -1, -1, -1], people).means()[:2] == pytest.approx((1, (3 / 3 + 1) / 4))
    assert b_cubed([4, 4, 4, -1], people).means() == pytest.approx((1, 1, 1))


def test_faces_count_by_their_weights():
    figures = b_cubed([0, 0, 1], ["A", "B", "B"])
    assert figures.means(np.array([0, 0, 5])) == pytest.approx((1, 0.5, 2 / 3))


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="a group and a person"):
        b_cubed([0, 1], ["A"])
