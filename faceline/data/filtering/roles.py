"""People into disjoint roles, their photos into splits."""

from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd

from faceline.core.columns import (
    ATTRIBUTES,
    BOX_COLUMNS,
    IMAGE_ID,
    PERSON,
    PERSON_COLUMNS,
    POINT_COLUMNS,
    ROLES,
    TRAIN,
)
from faceline.core.errors import InputError
from faceline.data.filtering.params import FilterParams, Role, Roles
from faceline.data.filtering.rejection import REASONS

# of 25 photos of a training person 18 train, 4 draw the curves, 3 measure closed-set accuracy
VAL_SHARE = 4 / 25
TEST_SHARE = 3 / 25
# groups for which the summary says what the filter removed: lasting traits and what hides a face
GROUPS = ("Male", "Young", "Pale_Skin", "Eyeglasses", "Wearing_Hat")
# among so many of the next people the one is taken whose photos bring the shares nearest to their targets
_CANDIDATES = 32


def select(usable: pd.DataFrame, params: FilterParams) -> pd.DataFrame:
    """Fills the roles from usable photos.

    Roles with the highest `min_photos` choose first, since fewest people can serve them; `people: rest` comes last.

    Args:
        usable: rows with image_id, person and attributes, one a photo.

    Returns:
        The chosen rows, with `role` and `split` after `person`, sorted by image_id. `split` is train, val or test for
        the role train and "" for others.

    Raises:
        InputError: the photos cannot fill the roles (the message has the numbers found), or an attribute of
            `target_shares` is known of no photo.
    """
    rng = np.random.default_rng(params.seed)
    attributes = usable[list(params.target_shares)].to_numpy(np.float64, na_value=np.nan)
    targets = np.array(list(params.target_shares.values()))
    unknown = np.array(list(params.target_shares))[np.isnan(attributes).all(axis=0)]
    if len(unknown) and len(usable):
        raise InputError(f"filter.target_shares: {', '.join(unknown)} is known of no usable photo; leave it out")
    photos_of = {person: np.asarray(rows) for person, rows in usable.groupby(PERSON).indices.items()}
    free = {person: len(rows) for person, rows in photos_of.items()}
    role = pd.Series("", index=usable.index, dtype=object)
    for name, wanted in _filling_order(params.roles):
        able = [person for person, count in free.items() if count >= wanted.min_photos]
        count = len(able) if wanted.people == "rest" else wanted.people
        if len(able) < count or count == 0:
            raise InputError(_too_few(params.roles, photos_of, name, len(able)))
        shuffled = {able[i]: rng.permutation(photos_of[able[i]]) for i in rng.permutation(len(able))}
        for person, rows in _choose(shuffled, count, wanted.max_photos, attributes, targets).items():
            role.iloc[rows] = name
            del free[person]
    chosen = usable.assign(role=role)[role != ""]
    columns = [*PERSON_COLUMNS, *BOX_COLUMNS, *POINT_COLUMNS, *ATTRIBUTES]
    return chosen.assign(split=split_photos(chosen, rng))[columns].sort_values(IMAGE_ID, ignore_index=True)


def known_groups(rows: pd.DataFrame) -> list[str]:
    """Those of `GROUPS` that are known of some photo: what nobody knows makes no groups."""
    return [attribute for attribute in GROUPS if rows[attribute].notna().any()]


def members(rows: pd.DataFrame, attribute: str) -> dict[str, np.ndarray]:
    """Which photos have the attribute ("yes") and which have not ("no"); where it is unknown, neither."""
    return {
        answer: rows[attribute].eq(value).to_numpy(bool, na_value=False) for answer, value in (("yes", 1), ("no", 0))
    }


def known_share(values: pd.Series) -> float | None:
    """The share of an attribute among the photos of which it is known; None where it is known of none."""
    return float(values.mean()) if values.notna().any() else None


def split_photos(chosen: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    """train / val / test for each photo of a training person, in the proportion 18 : 4 : 3, at least one each."""
    split = pd.Series("", index=chosen.index, dtype=object)
    for _, rows in chosen[chosen.role == TRAIN].groupby(PERSON):
        shuffled = rng.permutation(rows.index)
        val, test = (max(1, round(len(shuffled) * share)) for share in (VAL_SHARE, TEST_SHARE))
        split[shuffled] = "train"
        split[shuffled[:val]] = "val"
        split[shuffled[val : val + test]] = "test"
    return split


def _filling_order(roles: Roles) -> list[tuple[str, Role]]:
    named = [(name, getattr(roles, name)) for name in ROLES]
    return sorted(named, key=lambda item: (item[1].people == "rest", -item[1].min_photos))


def _choose(
    photos: Mapping[int, np.ndarray], people: int, max_photos: int, attributes: np.ndarray, targets: np.ndarray
) -> dict[int, np.ndarray]:
    """`people` of `photos`, in its order, and at most `max_photos` rows of each, so that shares near their targets.

    Greedy: with each further person the one of the next few is taken whose best photos leave the smallest squared
    distance between shares and targets. Without targets that is simply the next person's first photos. Shares are of
    the photos of which an attribute is known; where there is none yet, the distance is 1.
    """
    chosen: dict[int, np.ndarray] = {}
    waiting = list(photos)
    known = np.isfinite(attributes)
    yes, filled = np.nan_to_num(attributes), np.where(known, attributes, targets)
    totals, count = np.zeros((2, len(targets)))
    while len(chosen) < people:
        options = []
        for place, person in enumerate(waiting[: _CANDIDATES if len(targets) else 1]):
            rows = _photos_towards(photos[person], max_photos, filled, targets * (count + max_photos) - totals)
            seen = count + known[rows].sum(axis=0)
            share = np.divide(totals + yes[rows].sum(axis=0), seen, out=targets + 1, where=seen > 0)
            options.append((float(((share - targets) ** 2).sum()), place, rows))
        _, place, rows = min(options, key=lambda option: option[:2])
        totals, count = totals + yes[rows].sum(axis=0), count + known[rows].sum(axis=0)
        chosen[waiting.pop(place)] = rows
    return chosen


def _photos_towards(rows: np.ndarray, limit: int, attributes: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """The `limit` rows whose attributes best supply what is `missing` (counts, negative where there is too much)."""
    if len(missing) == 0 or len(rows) <= limit:
        return rows[:limit]
    need = np.clip(missing / limit, -1, 1) - attributes[rows].mean(axis=0)
    return rows[np.argsort(-(attributes[rows] @ need), kind="stable")[:limit]]


def _too_few(roles: Roles, photos_of: Mapping[Hashable, np.ndarray], failed: str, left: int) -> str:
    counts = np.array([len(rows) for rows in photos_of.values()])
    lines = [f"too few people for filter.roles.{failed}: {left} are left with enough photos. What the roles want:"]
    for name, role in _filling_order(roles):
        able = int((counts >= role.min_photos).sum())
        lines.append(f"  {name}: {role.people} people with {role.min_photos} photos or more; {able} have them in all")
    lines.append(f"There are {counts.sum()} usable photos of {len(counts)} people: ask for less in filter.roles,")
    lines.append("or let more photos through (filter.min_box_px, filter.drop_blurry).")
    return "\n".join(lines)


def assert_disjoint(selected: pd.DataFrame) -> None:
    """Raises AssertionError if a person has two roles or a photo stands twice: results would be worthless."""
    roles = selected.groupby(PERSON).role.nunique()
    if (roles > 1).any():
        raise AssertionError(f"people with several roles: {roles[roles > 1].index.tolist()[:10]}")
    if selected.image_id.duplicated().any():
        raise AssertionError("a photo was chosen twice")


def summarise(
    joined: pd.DataFrame, reasons: np.ndarray, selected: pd.DataFrame, params: FilterParams
) -> dict[str, float | None]:
    """Counts for the metrics file: photos in, usable and kept, rejected by reason and by group, people by role."""
    usable = reasons == ""
    kept = joined.image_id.isin(selected.image_id).to_numpy()
    summary: dict[str, float | None] = {"in": len(joined), "usable": int(usable.sum()), "kept": len(selected)}
    summary |= {f"rejected_{reason}": int((reasons == reason).sum()) for reason in REASONS}
    summary["not_needed"] = int((usable & ~kept).sum())
    for role, rows in selected.groupby("role"):
        summary |= {f"{role}_people": rows.person.nunique(), f"{role}_photos": len(rows)}
    for attribute in known_groups(joined):
        for answer, chosen in members(joined, attribute).items():
            summary[f"rejected_share_{attribute}_{answer}"] = float((~usable)[chosen].mean()) if any(chosen) else None
    for attribute, target in params.target_shares.items():
        summary |= {f"target_{attribute}": target, f"share_{attribute}": known_share(selected[attribute])}
    return summary
