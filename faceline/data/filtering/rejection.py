"""Which photos cannot be used, and the one reason each is given."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from faceline.boxes.boxes import contain
from faceline.core.columns import BOX_COLUMNS, IMAGE_ID, PERSON, POINTS
from faceline.core.errors import InputError
from faceline.data.filtering.duplicates import duplicate_groups
from faceline.data.filtering.params import FilterParams
from faceline.points.points import DEFECTS, defects, points_of

REASONS = (
    "excluded",
    "no_photo",
    "unreadable",
    "blurry",
    "degenerate_box",
    "box_outside_photo",
    "small_box",
    "low_sharpness",
    *DEFECTS,
    "duplicate_across_people",
    "duplicate",
)
# of CelebA's img_align_celeba: the size of every photo, and about where the eyes lie in it
ALIGNED_SIZE = (178, 218)
ALIGNED_EYES = ((69.5, 111.0), (107.5, 111.0))
_EYES_WITHIN_PX = 15


def join_photos(annotations: pd.DataFrame, photos: pd.DataFrame) -> pd.DataFrame:
    """Annotation rows with what `scan` found of their photos; photos without annotation are left out.

    Raises:
        InputError: photos, landmarks and boxes do not belong together: CelebA's aligned ones and the in-the-wild ones
            are mixed.
    """
    photos = photos.rename(columns={"width": "photo_width", "height": "photo_height"})
    joined = annotations.merge(photos, on=IMAGE_ID, how="left")
    readable = joined[joined.readable.eq(True)]
    if len(readable) == 0:
        raise InputError("none of the annotated photos is among data.images, or none can be read")
    points, boxes = points_of(readable), readable[BOX_COLUMNS].to_numpy(np.float64)
    aligned = (readable.photo_width == ALIGNED_SIZE[0]) & (readable.photo_height == ALIGNED_SIZE[1])
    eyes_apart = np.linalg.norm(points[:, :2] - np.array(ALIGNED_EYES), axis=-1).max(axis=1)
    eyes_aligned = (eyes_apart < _EYES_WITHIN_PX).mean() > 0.5
    if aligned.mean() > 0.9 and not eyes_aligned:
        raise InputError(
            "data.images holds CelebA's aligned 178 x 218 photos; the landmarks are of the in-the-wild ones: use "
            "img_celeba, or list_landmarks_align_celeba for data.landmarks and data.boxes (`faceline params "
            "celeba-aligned`)"
        )
    if aligned.mean() > 0.9 and (boxes[:, :2] + boxes[:, 2:] > ALIGNED_SIZE).any(axis=1).mean() > 0.5:
        raise InputError(
            "data.images and data.landmarks are CelebA's aligned photos, the boxes are of the in-the-wild ones: name "
            "list_landmarks_align_celeba for data.boxes too, and boxes are drawn round its points"
        )
    if readable.photo_width.median() > 1.5 * ALIGNED_SIZE[0] and eyes_aligned:  # nobody's eyes lie in that corner
        raise InputError(
            "data.landmarks (list_landmarks_align_celeba) belongs to CelebA's aligned photos, data.images holds "
            "others: use list_landmarks_celeba, or img_align_celeba"
        )
    inside = contain(boxes, points[:, POINTS.index("nose")])
    if inside.mean() < 0.5:
        raise InputError(
            f"only {inside.mean():.0%} of the noses lie in their boxes: data.landmarks and data.boxes are of "
            "different photos (list_landmarks_align_celeba belongs to the aligned ones; use list_landmarks_celeba)"
        )
    return joined


def rejection_reasons(joined: pd.DataFrame, params: FilterParams, excluded: Collection[str] = ()) -> np.ndarray:
    """One word a row: why the photo is dropped, "" where it is kept. The first reason that holds is given.

    In the order of REASONS. A photo that is not known to be blurry is not dropped as such. Of photos that are nearly
    the same under different people all go, since at least one is wrong; of other near-duplicates the first usable one
    stays. Excluded photos are no near-duplicates of others: they are as good as not there.

    Args:
        excluded: photos of the list that `filter.excluded` names.
    """
    listed = joined[IMAGE_ID].isin(excluded).to_numpy()
    boxes = joined[BOX_COLUMNS].to_numpy(np.float64)
    photo = joined[["photo_width", "photo_height"]].to_numpy(np.float64)
    beyond = (boxes[:, :2] < 0).any(axis=1) | (boxes[:, :2] + boxes[:, 2:] > photo).any(axis=1)
    point_defects = defects(points_of(joined), photo[:, 0], photo[:, 1])
    cases = [
        listed,
        joined.readable.isna().to_numpy(),
        ~joined.readable.eq(True).to_numpy(),
        joined.Blurry.eq(1).to_numpy(bool, na_value=False) & params.drop_blurry,
        (boxes[:, 2:] <= 0).any(axis=1),
        beyond,
        boxes[:, 2:].min(axis=1) < params.min_box_px,
        joined.sharpness.lt(params.min_sharpness).to_numpy(),
    ]
    reasons = np.select(cases, REASONS[: len(cases)], default=point_defects).astype(object)
    seen = np.flatnonzero(joined.readable.eq(True) & ~listed)
    groups = duplicate_groups(joined.iloc[seen], params.duplicate_hash_bits)
    people = joined[PERSON].iloc[seen].groupby(groups).transform("nunique").to_numpy()
    reasons[seen[(reasons[seen] == "") & (people > 1)]] = "duplicate_across_people"
    usable = reasons[seen] == ""
    reasons[seen[usable][pd.Series(groups[usable]).duplicated()]] = "duplicate"
    return reasons
