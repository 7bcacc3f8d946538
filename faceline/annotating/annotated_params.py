"""A variant of the parameters for a data set that `annotate` wrote: its paths, and roles that its people fill."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from faceline.annotating.propose_roles import propose_roles
from faceline.annotations.celeba import read_annotations, read_file
from faceline.core.columns import PERSON
from faceline.core.errors import InputError
from faceline.core.files import write_text
from faceline.data.filtering.params import FilterParams
from faceline.data.filtering.rejection import join_photos, rejection_reasons
from faceline.data.scan.scan import scan_photos
from faceline.photos.photos import open_photos
from faceline.settings.variants import FOLDER, load_variant, variant_names

BUILDS_ON = "celeba-small"  # a recipe for real photos of few people
_KINDS = ("identity", "attributes", "boxes", "landmarks", "images")


@dataclass(frozen=True)
class Usable:
    """What the filter leaves of a data set.

    Attributes:
        photos: usable ones, by person.
        rejected: counts of the others, by reason.
    """

    photos: list[int]
    rejected: dict[str, int]


def variant_place(out: Path, folder: Path = FOLDER) -> Path | None:
    """Where the variant of a data set `out` goes; None where there is no folder of variants to build on.

    Raises:
        InputError: there is such a variant, or the chain cannot take the name.
    """
    if not (folder / "base.yaml").is_file() or BUILDS_ON not in variant_names(folder):
        return None
    if not re.fullmatch(r"[\w./-]+", _named(out)):
        raise InputError(
            f"{out}: the chain's commands take names of letters, digits, `.`, `_` and `-`; use such a name"
        )
    place = folder / f"{out.resolve().name}.yaml"
    if place.exists():
        raise InputError(f"{place}: exists already; move it away, or name another folder for the data set")
    return place


def usable_photos(files: Mapping[str, Path], params: FilterParams) -> Usable:
    """Judges every photo as the stages `scan` and `filter` will."""
    with open_photos(files["images"]) as photos:
        seen = scan_photos(photos, read_file(files["landmarks"], "landmarks"))
    joined = join_photos(read_annotations(*(files[kind] for kind in _KINDS[:4])), seen)
    reasons = rejection_reasons(joined, params)
    names, counts = np.unique(reasons[reasons != ""].astype(str), return_counts=True)
    kept = joined[PERSON][reasons == ""].value_counts(sort=False)
    return Usable(kept.tolist(), dict(zip(names.tolist(), counts.tolist(), strict=True)))


def write_annotated_params(
    place: Path, files: Mapping[str, Path], labels_by: str, folder: Path = FOLDER
) -> tuple[Usable, dict]:
    """Writes the variant of a data set.

    Args:
        files: of the data set, by kind, as the chain will name them.
        labels_by: who found the boxes and points.

    Returns:
        What can be used of the data set, and the roles, as they stand in the variant.

    Raises:
        InputError: too few people have enough usable photos; nothing is written.
    """
    base = load_variant(BUILDS_ON, folder).filter
    usable = usable_photos(files, base)
    try:
        roles = propose_roles(usable.photos).model_dump()
    except InputError as error:
        rejected = ", ".join(f"{count} {reason}" for reason, count in usable.rejected.items()) or "none"
        raise InputError(f"{error}; rejected photos: {rejected}") from None
    paths = {kind: _named(files[kind]) for kind in _KINDS}
    tree = {
        "builds_on": BUILDS_ON,
        "data": {"source": None, "licence": None, **paths, "labels_by": labels_by},
        "filter": {"roles": roles},
        "landmarks": {"images": paths["images"]},
    }
    title = (
        f"# {place.stem}: {len(usable.photos)} people, {sum(usable.photos)} usable photos (`faceline annotate`).\n"
        "# data.source and data.licence: what the photos are and what may be done with them, for page and card.\n\n"
    )
    write_text(place, title + yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=1000))
    return usable, roles


def _named(path: Path) -> str:
    """Relative to the working directory where it lies below it: so that `dvc.lock` says the same everywhere."""
    here, there = Path.cwd(), path.resolve()
    return str(there.relative_to(here) if there.is_relative_to(here) else there)
