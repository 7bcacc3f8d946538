"""Roles are proposed that the filter itself can fill."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceline.annotating.propose_roles import propose_roles
from faceline.core.columns import ATTRIBUTES, BOX_COLUMNS, POINT_COLUMNS, ROLES
from faceline.core.errors import InputError
from faceline.data.filtering.params import FilterParams
from faceline.data.filtering.roles import select


def filled(counts):
    """What the filter chooses with the proposed roles: people by role."""
    people = np.repeat(np.arange(len(counts)), counts)
    names = pd.DataFrame({"image_id": [f"{n}.jpg" for n in range(len(people))], "person": people})
    unknown = pd.DataFrame(pd.NA, index=names.index, columns=list(ATTRIBUTES), dtype="Int8")
    nowhere = pd.DataFrame(0.0, index=names.index, columns=[*BOX_COLUMNS, *POINT_COLUMNS])
    kept = {"drop_blurry": False, "min_box_px": 1, "min_sharpness": 0, "duplicate_hash_bits": -1, "target_shares": {}}
    params = FilterParams(seed=1, roles=propose_roles(counts), **kept)
    chosen = select(pd.concat([names, nowhere, unknown], axis=1), params)
    return chosen.groupby("role").person.nunique().to_dict(), chosen


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=7, max_size=80))
def test_the_filter_fills_whatever_is_proposed(counts):
    try:
        propose_roles(counts)
    except InputError:
        assert sum(count >= 2 for count in counts) < 7 or sum(count >= 3 for count in counts) < 2
        return
    people, chosen = filled(counts)
    assert min(people["train"], people["dev"], people["query"]) >= 2
    assert people["distractor"] >= 1
    splits = chosen[chosen.role == "train"].groupby("person").split.nunique()
    assert (splits == 3).all()
    assert chosen[chosen.role.isin(["dev", "query"])].groupby("person").size().min() >= 2


@pytest.mark.parametrize(
    ("counts", "people"),
    [
        ([20] * 241, {"train": 109, "dev": 36, "query": 48, "distractor": 48}),
        ([3, 3, 2, 2, 2, 2, 1], {"train": 2, "dev": 2, "query": 2, "distractor": 1}),
        ([20] * 60 + [1] * 100, {"train": 39, "dev": 9, "query": 12, "distractor": 100}),
    ],
)
def test_most_train_and_who_has_one_photo_is_a_stranger(counts, people):
    assert filled(counts)[0] == people


def test_of_many_people_measured_ones_are_as_many_as_celebas():
    roles = propose_roles([50] * 10_000 + [1] * 5_000)
    assert [getattr(roles, role).people for role in ROLES] == [9500, 200, 300, 1000]


@pytest.mark.parametrize("counts", [[], [1] * 50, [9] * 6, [2] * 40])
def test_too_few_are_said_to_be_too_few(counts):
    with pytest.raises(InputError, match="at least 7 people are needed"):
        propose_roles(counts)
