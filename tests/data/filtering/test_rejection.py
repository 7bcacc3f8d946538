import numpy as np
import pandas as pd
import pytest

from faceline.boxes.boxes import box_around
from faceline.core.columns import ATTRIBUTES, FACE_HASHES, PHOTO_HASHES, POINT_COLUMNS
from faceline.core.errors import InputError
from faceline.data.filtering.params import FilterParams, Role, Roles
from faceline.data.filtering.rejection import REASONS, join_photos, rejection_reasons

FACE = [30, 40, 70, 40, 50, 60, 35, 80, 65, 80]


def params(**changes):
    role = Role(people=1, min_photos=1, max_photos=1)
    values = {"seed": 1, "drop_blurry": True, "min_box_px": 40, "min_sharpness": 5.0, "duplicate_hash_bits": 1}
    roles = Roles(train=Role(people=1, min_photos=3, max_photos=3), dev=role, query=role, distractor=role)
    return FilterParams(**(values | changes), roles=roles, target_shares={})


def row(name, person=1, box=(20, 20, 60, 80), points=FACE, blurry=0):
    attributes = dict.fromkeys(ATTRIBUTES, 0) | {"Blurry": blurry}
    places = dict(zip(["x", "y", "width", "height", *POINT_COLUMNS], [*box, *points], strict=True))
    return {"image_id": name, "person": person, **places, **attributes}


def photo(name, number, readable=True, sharpness=9.0, width=100, height=120):
    read = {"image_id": name, "readable": readable, "reason": "", "width": width, "height": height}
    hashes = dict.fromkeys([*PHOTO_HASHES, *FACE_HASHES]) | {"hash": 0x0123456789ABCDEF * number % 2**64}
    hashes["hash_mirrored"] = hashes["hash"] ^ 0x5555555555555555
    return {**read, **hashes, "sharpness": sharpness}


def reasons_of(rows, photos, excluded=(), **changes):
    annotations = pd.DataFrame(rows).astype(dict.fromkeys(ATTRIBUTES, "Int8"))
    joined = join_photos(annotations, pd.DataFrame(photos))
    return dict(zip(joined.image_id, rejection_reasons(joined, params(**changes), excluded), strict=True))


def test_every_reason_has_its_case():
    rows = [row(f"good{n}") for n in range(12)]
    photos = [photo(f"good{n}", n + 20) for n in range(12)]
    eyes_together, swapped = [*FACE[:2], *FACE[:2], *FACE[4:]], [*FACE[2:4], *FACE[:2], *FACE[4:]]
    odd_rows = {
        "excluded": {"blurry": 1},
        "no_photo": {},
        "unreadable": {},
        "blurry": {"blurry": 1},
        "degenerate_box": {"box": (32, 82, 0, 0)},
        "box_outside_photo": {"box": (50, 20, 60, 80)},
        "small_box": {"box": (35, 35, 39, 60)},
        "low_sharpness": {},
        "landmarks_not_finite": {"points": [np.nan, *FACE[1:]]},
        "landmarks_outside_photo": {"points": [-1, *FACE[1:]]},
        "zero_eye_distance": {"points": eyes_together},
        "swapped_eyes": {"points": swapped},
        "duplicate_across_people": {"person": 2},
        "zz_duplicate": {},
    }
    assert [name.removeprefix("zz_") for name in odd_rows] == list(REASONS)
    odd_photos = {
        "unreadable": {"readable": False},
        "low_sharpness": {"sharpness": 4.9},
        "duplicate_across_people": {"number": 31},
        "zz_duplicate": {"number": 30},
    }
    for number, (name, odd) in enumerate(odd_rows.items()):
        rows.append(row(name, **odd))
        if name != "no_photo":
            photos.append(photo(name, **({"number": number} | odd_photos.get(name, {}))))
    found = reasons_of(rows, photos, {"excluded"})
    for name in odd_rows:
        assert found.pop(name) == name.removeprefix("zz_")
    assert found.pop("good11") == "duplicate_across_people"  # its twin has another name: neither can be trusted
    assert set(found.values()) == {""}


def test_a_duplicate_of_an_unusable_photo_stays():
    rows = [row("a", blurry=1), row("b")]
    assert reasons_of(rows, [photo("a", 5), photo("b", 5)]) == {"a": "blurry", "b": ""}
    assert reasons_of(rows, [photo("a", 5), photo("b", 5)], drop_blurry=False) == {"a": "", "b": "duplicate"}


def test_an_excluded_photo_takes_no_twin_along():
    """The photo of a wrong label is a near-duplicate of the one with the right label, which stays."""
    rows, photos = [row("a", person=1), row("b", person=2), row("c")], [photo("a", 5), photo("b", 5), photo("c", 9)]
    both = reasons_of(rows, photos)
    assert (both["a"], both["b"]) == ("duplicate_across_people", "duplicate_across_people")
    assert reasons_of(rows, photos, {"b"}) == {"a": "", "b": "excluded", "c": ""}


def test_a_photo_not_known_to_be_blurry_stays():
    rows = [row("a", blurry=1), row("b", blurry=None), row("c", blurry=0)]
    assert reasons_of(rows, [photo(name, n) for n, name in enumerate("abc")]) == {"a": "blurry", "b": "", "c": ""}


def test_aligned_photos_with_wild_annotations_are_refused():
    names = [f"{n}.jpg" for n in range(20)]
    photos = [photo(name, n, width=178, height=218) for n, name in enumerate(names)]
    with pytest.raises(InputError, match="use img_celeba"):
        reasons_of([row(name) for name in names], photos)


def test_aligned_landmarks_with_wild_boxes_are_refused():
    names = [f"{n}.jpg" for n in range(20)]
    photos = [photo(name, n, width=900, height=900) for n, name in enumerate(names)]
    rows = [row(name, box=(400, 300, 200, 280)) for name in names]
    with pytest.raises(InputError, match="list_landmarks_align_celeba"):
        reasons_of(rows, photos)


# the first rows of CelebA's list_landmarks_align_celeba
ALIGNED_FACES = (
    [69, 109, 106, 113, 77, 142, 73, 152, 108, 154],
    [69, 110, 107, 112, 81, 135, 70, 151, 108, 153],
    [76, 112, 104, 106, 108, 128, 74, 156, 98, 158],
    [72, 113, 108, 108, 101, 138, 71, 155, 101, 151],
    [66, 114, 112, 112, 86, 119, 71, 147, 104, 150],
)


def aligned_reasons(width=178, height=218, box=None, points=ALIGNED_FACES):
    names = [f"{n}.jpg" for n in range(len(points))]
    rows = [
        row(name, box=box or box_around(np.reshape(of_face, (5, 2)).astype(float)), points=of_face)
        for name, of_face in zip(names, points, strict=True)
    ]
    return reasons_of(rows, [photo(name, n, width=width, height=height) for n, name in enumerate(names)])


def test_aligned_photos_with_their_own_landmarks_are_taken():
    assert set(aligned_reasons().values()) == {""}


def test_aligned_landmarks_with_wild_photos_are_refused():
    with pytest.raises(InputError, match="use list_landmarks_celeba, or img_align_celeba"):
        aligned_reasons(400, 500)


def test_aligned_photos_and_landmarks_with_wild_boxes_are_refused():
    with pytest.raises(InputError, match=r"list_landmarks_align_celeba for data\.boxes too"):
        aligned_reasons(box=(50, 60, 226, 313))


def test_aligned_photos_with_wild_landmarks_are_refused_though_boxes_are_drawn_round_them():
    wild = [[165, 184, 244, 176, 196, 249, 194, 271, 266, 260], [140, 204, 220, 204, 168, 254, 146, 289, 226, 289]]
    with pytest.raises(InputError, match="faceline params celeba-aligned"):
        aligned_reasons(points=wild)


def test_no_photo_at_all_is_said():
    with pytest.raises(InputError, match="none of the annotated photos"):
        reasons_of([row("a")], [photo("b", 1)])
