"""A record file of aligned faces as the packed set that training reads, with a role for every person."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from faceline.aligned_sets.face_records import SIDE_PX, FaceRecords
from faceline.alignment.geometry.template import template
from faceline.annotating.propose_roles import propose_roles
from faceline.core.columns import ATTRIBUTES, BOX_COLUMNS, IMAGE_ID, PERSON, PERSON_COLUMNS, POINT_COLUMNS, ROLES
from faceline.core.errors import InputError
from faceline.core.files import replacing_folder
from faceline.core.params import parse_group, read_params
from faceline.data.filtering.params import FilterParams, Roles
from faceline.data.filtering.roles import assert_disjoint, select
from faceline.imaging.images import decode_rgb, encode_jpeg, image_size
from faceline.packed.sets import PackedWriter, write_rejected
from faceline.pipeline.progress import track

_CHUNK = 512
_JPEG_QUALITY = 95
_JPEG = b"\xff\xd8"


@dataclass(frozen=True)
class Packed:
    """What was written.

    Attributes:
        people, photos: of the record file.
        roles: what was asked of each role.
        chosen: people and photos by role.
    """

    people: int
    photos: int
    roles: Roles
    chosen: Mapping[str, Mapping[str, int]]


def read_filter(path: Path) -> FilterParams:
    """The group `filter` of a parameter file, of which packing uses the seed and the roles."""
    return parse_group(FilterParams, read_params(path).get(FilterParams.key))


def pack_records(source: Path, out: Path, wanted: FilterParams | None = None) -> Packed:
    """Writes the faces of a record file as a set such as the stage `align` leaves.

    The faces go in as they are, save that what is no JPEG becomes one. Names are the records' keys, attributes are
    unknown. The folder appears whole or not at all.

    Args:
        source: the `.rec`, or the folder that holds it.
        wanted: seed and roles; by default roles that the people there are fill.

    Raises:
        InputError: the file is damaged, its images are not of 112 x 112 px, or its people cannot fill the roles.
    """
    with FaceRecords(source) as faces:
        photos = np.unique(faces.persons, return_counts=True)[1]
        params = wanted or _proposed(photos)
        chosen = _choose(faces, params)
        metadata = {
            "kind": "aligned",
            "size_px": SIDE_PX,
            "template": np.round(template(SIDE_PX), 4).tolist(),
            "landmarks": "the set's own",
            "synthetic": False,
        }
        with replacing_folder(out) as folder:
            images = iter(_images(faces, chosen["key"].to_numpy()))
            rows = chosen[[*PERSON_COLUMNS, *ATTRIBUTES]]
            with PackedWriter(folder, metadata) as writer:
                for start in range(0, len(rows), _CHUNK):
                    part = rows.iloc[start : start + _CHUNK].reset_index(drop=True)
                    writer.write(part, list(islice(images, _CHUNK)))
            write_rejected(folder, [rows.iloc[:0].assign(reason=pd.Series(dtype="str"))])
    by_role = chosen.groupby("role")[PERSON]
    counts = {role: {"people": int(by_role.nunique()[role]), "photos": int(by_role.size()[role])} for role in ROLES}
    return Packed(len(photos), int(photos.sum()), params.roles, counts)


def _proposed(photos: np.ndarray) -> FilterParams:
    """Of the filter's parameters only seed and roles matter here: nothing is known of boxes and attributes."""
    return FilterParams(
        seed=1,
        drop_blurry=False,
        min_box_px=1,
        min_sharpness=0,
        duplicate_hash_bits=-1,
        roles=propose_roles(photos.tolist()),
        target_shares={},
    )


def _choose(faces: FaceRecords, params: FilterParams) -> pd.DataFrame:
    """The filter's choice among all faces, in the order of their keys; `key` says where each is."""
    digits = max(8, len(str(faces.keys[-1])))
    table = pd.DataFrame({IMAGE_ID: [f"{key:0{digits}d}.jpg" for key in faces.keys], PERSON: faces.persons})
    unknown = pd.DataFrame(index=table.index, columns=list(ATTRIBUTES), dtype="Int8")
    places = pd.DataFrame(np.nan, index=table.index, columns=[*BOX_COLUMNS, *POINT_COLUMNS], dtype="float32")
    chosen = select(pd.concat([table, places, unknown], axis=1), params)
    assert_disjoint(chosen)
    return chosen.assign(key=chosen[IMAGE_ID].str.removesuffix(".jpg").astype("int64"))


def _images(faces: FaceRecords, keys: np.ndarray) -> Iterator[bytes]:
    for key in track(keys.tolist(), "pack", "face"):
        image = faces.image(key)
        name = f"{faces.path}, record {key}"
        try:
            size = image_size(image)
        except Image.DecompressionBombError:
            raise InputError(f"{name}: too many pixels, expected {SIDE_PX} x {SIDE_PX}") from None
        if size == (0, 0):
            raise InputError(f"{name}: not a readable image")
        if size != (SIDE_PX, SIDE_PX):
            raise InputError(f"{name}: {size[0]} x {size[1]} px, expected faces aligned at {SIDE_PX} x {SIDE_PX}")
        yield image if image.startswith(_JPEG) else encode_jpeg(decode_rgb(image, name), _JPEG_QUALITY)
