"""Roles for whatever people there are: how many train, choose, are measured, and serve as strangers."""

from collections.abc import Iterable

from faceline.core.errors import InputError
from faceline.data.filtering.params import Role, Roles

# of the people with two photos or more, and no more than CelebA's whole set has (params/celeba.yaml)
_DEV_SHARE, _DEV_MOST = 0.15, 200
_QUERY_SHARE, _QUERY_MOST = 0.2, 300
_DISTRACTOR_SHARE, _DISTRACTOR_MOST = 0.2, 1000
_TRAIN_PHOTOS, _TRAIN_PHOTOS_ASKED = 3, 15  # a training person's photos are split three ways
_PHOTOS, _PHOTOS_ASKED = 2, 8
_PHOTOS_MEASURED = 25
_DISTRACTOR_PHOTOS = 5


def propose_roles(photos: Iterable[int]) -> Roles:
    """Roles that these people fill: who has one photo becomes a distractor, most of the others train.

    Args:
        photos: how many usable ones each person has.

    Raises:
        InputError: there are too few people with several photos for four roles.
    """
    counts = sorted(photos, reverse=True)
    several, enough = (sum(count >= least for count in counts) for least in (_PHOTOS, _TRAIN_PHOTOS))
    single = len(counts) - several
    dev = _clamp(round(_DEV_SHARE * several), 2, _DEV_MOST)
    query = _clamp(round(_QUERY_SHARE * several), 2, _QUERY_MOST)
    distractors = _clamp(round(_DISTRACTOR_SHARE * several), 1, _DISTRACTOR_MOST)
    # where few have photos enough to train on, some of those are left to be measured
    trainable = max(2, enough - dev - query, round(0.7 * enough))
    train = min(several - dev - query - max(0, distractors - single), trainable)
    if train < 2 or enough < 2:
        raise InputError(
            f"{several} people have two or more usable photos, {enough} of them three or more, of {len(counts)}: at "
            f"least {_PHOTOS * 3 + 1} people are needed, two of them with {_TRAIN_PHOTOS} photos and four more with "
            f"{_PHOTOS}, so that some train, others choose, others measure and one is a stranger"
        )
    measured = _clamp(counts[train + dev + query - 1], _PHOTOS, _PHOTOS_ASKED)
    left = len(counts) - train - dev - query
    return Roles(
        train=Role(
            people=train,
            min_photos=_clamp(counts[train - 1], _TRAIN_PHOTOS, _TRAIN_PHOTOS_ASKED),
            max_photos=max(counts),
        ),
        dev=Role(people=dev, min_photos=measured, max_photos=_PHOTOS_MEASURED),
        query=Role(people=query, min_photos=measured, max_photos=_PHOTOS_MEASURED),
        distractor=Role(
            people="rest" if left <= _DISTRACTOR_MOST else _DISTRACTOR_MOST,
            min_photos=1,
            max_photos=_DISTRACTOR_PHOTOS,
        ),
    )


def _clamp(value: int, low: int, high: int) -> int:
    return max(low, min(value, high))
