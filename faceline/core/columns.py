"""Names of the columns that tables about faces share, and the values of those that hold one of a few words."""

from collections.abc import Iterable
from typing import TypedDict

IMAGE_ID = "image_id"
PERSON = "person"

# who a person is for, and what each photo of a training person is for ("" for other people's)
ROLES = ("train", "dev", "query", "distractor")
TRAIN, DEV, QUERY, DISTRACTOR = ROLES
PERSON_COLUMNS = [IMAGE_ID, PERSON, "role", "split"]

BOX_COLUMNS = ["x", "y", "width", "height"]  # photo px
POINTS = ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")  # from the viewer's side
POINT_COLUMNS = [f"{point}_{axis}" for point in POINTS for axis in "xy"]  # photo px

# perceptual hashes of a photo, 64 bits each, every one beside that of the mirror image: of all of it; of the face and
# the head, where the landmarks say that they are
PHOTO_HASHES = ("hash", "hash_mirrored")
FACE_HASHES = ("face_hash", "face_hash_mirrored", "head_hash", "head_hash_mirrored")

# CelebA's forty, in the order of its files
_FORTY = """
    5_o_Clock_Shadow Arched_Eyebrows Attractive Bags_Under_Eyes Bald Bangs Big_Lips Big_Nose Black_Hair Blond_Hair
    Blurry Brown_Hair Bushy_Eyebrows Chubby Double_Chin Eyeglasses Goatee Gray_Hair Heavy_Makeup High_Cheekbones
    Male Mouth_Slightly_Open Mustache Narrow_Eyes No_Beard Oval_Face Pale_Skin Pointy_Nose Receding_Hairline
    Rosy_Cheeks Sideburns Smiling Straight_Hair Wavy_Hair Wearing_Earrings Wearing_Hat Wearing_Lipstick
    Wearing_Necklace Wearing_Necktie Young
"""
ATTRIBUTES = tuple(_FORTY.split())


class CsvOptions(TypedDict):
    dtype: dict[str, str]
    keep_default_na: bool
    na_values: dict[str, list[str]]


# how `pandas.read_csv` takes tables of faces: names as text, attributes as nullable integers (empty: unknown)
CSV_OPTIONS: CsvOptions = {
    "dtype": dict.fromkeys([IMAGE_ID, "role", "split", "reason"], "str") | dict.fromkeys(ATTRIBUTES, "Int8"),
    "keep_default_na": False,
    "na_values": {name: [""] for name in ATTRIBUTES},
}

# the names of photos that the project made itself start so
SYNTHETIC_PREFIX = "drawn_"


def is_synthetic(image_ids: Iterable[str]) -> bool:
    """Whether any of the photos was made by the project: models and reports say that they know no real faces."""
    return any(image_id.startswith(SYNTHETIC_PREFIX) for image_id in image_ids)
