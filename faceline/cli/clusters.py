"""The verb cluster: groups of faces that nobody has named, and names for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceline.cli.options import Fpir, Photos, Search, Threshold, with_setup
from faceline.cli.output import answer
from faceline.core.errors import InputError
from faceline.pipeline.private import private_folder, replacing_privately
from faceline.pipeline.setup import Setup

if TYPE_CHECKING:
    import numpy as np

    from faceline.pipeline.found_faces import FoundFace, PhotoFaces
    from faceline.pipeline.load import Loaded


@dataclass(frozen=True)
class _Unknown:
    """A face that nobody has named: its photo, its number there, the face, and what every embedded one has."""

    photo: str
    number: int
    face: FoundFace
    aligned: np.ndarray
    embedding: np.ndarray


@dataclass(frozen=True)
class _Group:
    """A group: its faces, and how firmly each belongs to it, 0..1."""

    faces: Sequence[_Unknown]
    strength: Sequence[float]


@with_setup
def cluster(
    photos: Photos,
    setup: Setup,
    gallery: Annotated[
        str | None,
        typer.Option(
            metavar="DB", help="Leaves out whom this gallery names, and takes in the groups that get a name."
        ),
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option("--name", metavar="GROUP=NAME", help="Enrolls a group of an earlier answer; several times."),
    ] = None,
    min_faces: Annotated[int, typer.Option(min=2, help="Faces that make a group.")] = 2,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Aligned faces as PNG, a folder for each group.")
    ] = None,
    fpir: Fpir = None,
    threshold: Threshold = None,
    search: Search = "mean",
) -> None:
    """Groups of unknown faces, likely one person each; naming a group enrolls it.

    A group's name stands for the faces in it: run again over the same photos with --name to enroll it.

    \b
    faceline cluster album/ --out groups/
    faceline cluster album/ --gallery people.db --name 3f2a9c41=Ada --name 07be11d0=Bob
    """
    from faceline.cli.answers import photo_records
    from faceline.cli.naming import Namer, Wish
    from faceline.galleries.opening import gallery_exists
    from faceline.pipeline.load import load

    wanted = _wanted(names or [], gallery)
    loaded = load(setup, "embed")
    namer = None
    if gallery is not None and gallery_exists(gallery):
        namer = Namer(gallery, loaded.model, setup, Wish(fpir, threshold, search))
    unknown: list[_Unknown] = []
    matches: list = []

    def look(found: PhotoFaces, number: int) -> dict:
        if namer and number == 0:
            matches[:] = namer.matches(found)
        match = matches[number] if namer else None
        if match and match.name != "unknown":
            return asdict(match)
        face = found.faces[number]
        if face.embedding is not None and face.aligned is not None:
            unknown.append(_Unknown(found.name, number, face, face.aligned, face.embedding))
        return {}

    records, error = photo_records(photos, loaded.pipeline, "embed", None, look)
    groups = _groups(unknown, min_faces)
    if missing := sorted(wanted.keys() - groups.keys()):
        raise InputError(
            f"--name {missing[0]}=...: there is no such group among these photos; the groups are "
            f"{', '.join(groups) or 'none'}"
        )
    by_photo = {record["photo"]: record for record in records}
    for name, group in groups.items():
        for one, strength in zip(group.faces, group.strength, strict=True):
            by_photo[one.photo]["faces"][one.number] |= {"group": name, "strength": strength}
    if out:
        _write_tiles(groups, out)
    listed = [
        {"group": name, "faces": len(group.faces), "photos": sorted({one.photo for one in group.faces})}
        for name, group in groups.items()
    ]
    enrolled = _enroll(wanted, groups, gallery, loaded) if gallery is not None and wanted else []
    alone = len(unknown) - sum(len(group.faces) for group in groups.values())
    answer({"gallery": gallery, "groups": listed, "alone": alone, "enrolled": enrolled, "photos": records}, error)


def _wanted(names: Sequence[str], gallery: str | None) -> dict[str, str]:
    """Group -> name, from GROUP=NAME."""
    from faceline.galleries.rows import checked_name

    wanted = {}
    for text in names:
        group, equals, name = text.partition("=")
        if not equals or group in wanted:
            problem = "the group has a name already" if equals else "expected GROUP=NAME"
            raise InputError(f"--name {text}: {problem}; an earlier answer lists the groups")
        wanted[group] = checked_name(name)
    if wanted and gallery is None:
        raise InputError("--name: say with --gallery DB where the people go")
    return wanted


def _groups(unknown: Sequence[_Unknown], min_faces: int) -> dict[str, _Group]:
    """The groups by name, the largest first."""
    import numpy as np

    from faceline.clustering.groups import face_groups, group_id

    if not unknown:
        return {}
    found = face_groups(np.stack([one.embedding for one in unknown]), min_faces)
    groups = {}
    for number in range(found.count):
        rows = np.flatnonzero(found.number == number).tolist()
        faces = [unknown[row] for row in rows]
        groups[group_id((one.photo, one.number) for one in faces)] = _Group(faces, found.strength[rows].tolist())
    return groups


def _write_tiles(groups: Mapping[str, _Group], out: Path) -> None:
    from PIL import Image

    from faceline.cli.answers import unique_name

    for name, group in groups.items():
        private_folder(out / name)
        taken: set[str] = set()
        for one in group.faces:
            target = out / name / f"{unique_name(f'{Path(one.photo).stem}_{one.number}', taken)}.png"
            with replacing_privately(target) as temporary:
                Image.fromarray(one.aligned).save(temporary)


def _enroll(wanted: Mapping[str, str], groups: Mapping[str, _Group], gallery: str, loaded: Loaded) -> list[dict]:
    """Enrolls the groups that got a name, in one transaction."""
    from faceline.galleries.enrolment import enrolled_photo
    from faceline.galleries.opening import open_or_create_gallery

    now = datetime.now(UTC).isoformat(timespec="seconds")
    rows = {
        group: [enrolled_photo(name, one.photo, one.face, now) for one in groups[group].faces]
        for group, name in wanted.items()
    }
    with open_or_create_gallery(gallery, loaded.model, loaded.dim) as opened:
        new = iter(opened.add([row for own in rows.values() for row in own]))
    added = {group: sum(next(new) for _ in own) for group, own in rows.items()}
    return [
        {"group": group, "name": wanted[group], "added": added[group], "already": len(own) - added[group]}
        for group, own in rows.items()
    ]
