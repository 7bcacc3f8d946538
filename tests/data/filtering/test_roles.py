import numpy as np
import pandas as pd
import pytest

from faceline.core.columns import ATTRIBUTES, BOX_COLUMNS, POINT_COLUMNS
from faceline.core.errors import InputError
from faceline.data.filtering.params import FilterParams, Role, Roles
from faceline.data.filtering.roles import assert_disjoint, members, select, summarise

ROLES = {"train": (8, 10, 25), "dev": (5, 6, 8), "query": (6, 6, 8), "distractor": ("rest", 1, 3)}


def params(roles=ROLES, seed=1, target_shares=None):
    made = {name: Role(people=p, min_photos=low, max_photos=high) for name, (p, low, high) in roles.items()}
    values = {"drop_blurry": True, "min_box_px": 1, "min_sharpness": 0, "duplicate_hash_bits": -1}
    return FilterParams(seed=seed, **values, roles=Roles(**made), target_shares=target_shares or {})


@pytest.fixture
def usable():
    """40 people with 1..40 photos each; even people are men, a fifth of the photos show glasses."""
    people = np.repeat(np.arange(1, 41), np.arange(1, 41))
    table = pd.DataFrame({"image_id": [f"{n:05d}.jpg" for n in range(len(people))], "person": people})
    table = table.assign(**dict.fromkeys([*BOX_COLUMNS, *POINT_COLUMNS], 1.0), **dict.fromkeys(ATTRIBUTES, 0))
    table["Male"] = (table.person % 2 == 0).astype(int)
    table["Eyeglasses"] = (np.arange(len(table)) % 5 == 0).astype(int)
    return table.astype(dict.fromkeys(ATTRIBUTES, "Int8")).sample(frac=1, random_state=1, ignore_index=True)


def test_roles_are_filled_as_asked_and_share_nobody(usable):
    chosen = select(usable, params())
    assert chosen.image_id.is_monotonic_increasing
    assert chosen.groupby("role").person.nunique().to_dict() == {"train": 8, "dev": 5, "query": 6, "distractor": 21}
    photos = chosen.groupby(["role", "person"]).size()
    for role, (_, low, high) in ROLES.items():
        assert photos[role].between(low, high).all()
    assert chosen.groupby("person").role.nunique().max() == 1
    assert_disjoint(chosen)
    assert not (set(chosen[chosen.role == "train"].person) & set(chosen[chosen.role != "train"].person))


def test_photos_of_training_people_are_split_in_proportion(usable):
    chosen = select(usable, params({**ROLES, "train": (8, 25, 25)}))
    sizes = chosen[chosen.role == "train"].groupby(["person", "split"]).size().unstack()
    assert (sizes == pd.Series({"test": 3, "train": 18, "val": 4})).all(axis=None)
    assert (chosen[chosen.role != "train"].split == "").all()


def test_a_person_with_few_photos_still_has_every_split(usable):
    chosen = select(usable, params({**ROLES, "train": (8, 3, 3)}))
    assert (chosen[chosen.role == "train"].groupby("person").split.nunique() == 3).all()


def test_same_seed_same_choice_whatever_the_order_of_other_seeds(usable):
    pd.testing.assert_frame_equal(select(usable, params()), select(usable, params()))
    assert set(select(usable, params()).image_id) != set(select(usable, params(seed=2)).image_id)


def test_target_shares_are_neared(usable):
    targets = {"Male": 0.75, "Eyeglasses": 0.05}
    roles = {"train": (12, 10, 12), "dev": (4, 6, 8), "query": (4, 6, 8), "distractor": (4, 1, 3)}

    def shares(chosen):
        return chosen.loc[chosen.role == "train", list(targets)].mean().to_numpy()

    goal = np.array(list(targets.values()))
    plain, aimed = shares(select(usable, params(roles))), shares(select(usable, params(roles, target_shares=targets)))
    assert np.abs(aimed - goal).max() < 0.08
    assert np.abs(aimed - goal).max() < np.abs(plain - goal).max()


def test_too_few_people_is_an_error_with_the_numbers_found(usable):
    with pytest.raises(InputError) as error:
        select(usable, params({**ROLES, "query": (30, 6, 8)}))
    message = str(error.value)
    assert "filter.roles.query: 22 are left" in message  # 35 have 6 photos or more, 8 + 5 are taken
    assert "query: 30 people with 6 photos or more; 35 have them in all" in message


def test_target_shares_count_only_photos_of_which_the_attribute_is_known(usable):
    wanted = params({**ROLES, "train": (12, 10, 12), "distractor": (4, 1, 3)}, target_shares={"Male": 0.75})
    usable.loc[usable.person % 3 == 0, "Male"] = pd.NA
    chosen = select(usable, wanted)
    known = chosen[(chosen.role == "train") & chosen.Male.notna()]
    assert known.Male.mean() == pytest.approx(0.75, abs=0.08)
    summary = summarise(usable, np.full(len(usable), ""), chosen, wanted)
    assert summary["share_Male"] == pytest.approx(chosen.Male.dropna().astype(float).mean())


def test_a_target_for_what_no_photo_tells_is_an_error(usable):
    usable["Male"] = pd.array([None] * len(usable), "Int8")
    with pytest.raises(InputError, match=r"target_shares: Male is known of no usable photo"):
        select(usable, params(target_shares={"Male": 0.5, "Eyeglasses": 0.1}))


def test_photos_of_unknown_attribute_belong_to_no_group():
    rows = pd.DataFrame({"Male": pd.array([1, 0, None, 1], "Int8")})
    assert {answer: chosen.tolist() for answer, chosen in members(rows, "Male").items()} == {
        "yes": [True, False, False, True],
        "no": [False, True, False, False],
    }


def test_rejected_shares_are_of_groups_that_are_known(usable):
    usable["Young"] = pd.array([None] * len(usable), "Int8")
    usable["Pale_Skin"] = pd.array([0] * (len(usable) - 1) + [None], "Int8")
    reasons = np.where(usable.Male == 1, "blurry", "").astype(object)
    summary = summarise(usable, reasons, usable.assign(role="dev")[:3], params())
    assert (summary["rejected_share_Male_yes"], summary["rejected_share_Male_no"]) == (1.0, 0.0)
    assert not [key for key in summary if "Young" in key]
    assert summary["rejected_share_Pale_Skin_yes"] is None  # known of others that they are not
    assert summary["rejected_blurry"] == (usable.Male == 1).sum()


def test_overlapping_roles_are_caught(usable):
    chosen = select(usable, params())
    chosen.loc[chosen.index[chosen.role == "train"][0], "role"] = "query"
    with pytest.raises(AssertionError, match="several roles"):
        assert_disjoint(chosen)
