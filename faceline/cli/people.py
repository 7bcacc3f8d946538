"""The verbs about people: enroll, identify, list, remove, export, import."""

from __future__ import annotations

import logging
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceline.cli.options import Draw, GalleryPath, Photos, with_setup
from faceline.cli.output import answer, finish
from faceline.core.errors import FacelineError, InputError
from faceline.pipeline.setup import Setup

if TYPE_CHECKING:
    from faceline.pipeline.face_pipeline import FacePipeline
    from faceline.pipeline.found_faces import PhotoFaces
    from faceline.pipeline.identification import OperatingPoint

log = logging.getLogger(__name__)


class Existing(StrEnum):
    refuse = "refuse"
    add = "add"
    replace = "replace"


@with_setup
def enroll(
    gallery: GalleryPath,
    setup: Setup,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Who is in the photos.")] = None,
    photos: Annotated[list[str] | None, typer.Argument(metavar="PHOTO...", help="Photos of that person.")] = None,
    people: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Enroll many: a folder of photos for each person.")
    ] = None,
    draw: Draw = None,
) -> None:
    """Adds photos to a person's mean embedding; nothing is trained.

    Of each photo the large, central face is taken.

    \b
    faceline enroll "Ada Lovelace" ada1.jpg ada2.jpg --gallery people.db
    faceline enroll --people staff/ --gallery people.db
    """
    from faceline.pipeline.annotate import people_in
    from faceline.pipeline.gallery import Gallery
    from faceline.pipeline.load import load

    if (people is None) == (name is None) or (name is not None and not photos):
        raise InputError("give a NAME and its PHOTOs, or --people DIR")
    loaded = load(setup, "embed")
    wanted = people_in(people) if people is not None else {name: photos}
    with Gallery.open_or_create(gallery, loaded.model, loaded.dim) as opened:
        embeddings, records, unreadable = _embeddings_of(wanted, loaded.pipeline, draw)
        if embeddings:
            opened.enroll(embeddings)
        counts = {person.name: person.photos for person in opened.people()} if embeddings else {}
        enrolled = [{"name": who, "added": len(new), "photos": counts.get(who)} for who, new in embeddings.items()]
        answer({"gallery": gallery, "people": len(opened), "enrolled": enrolled, "photos": records})
    missing = sorted(wanted.keys() - embeddings.keys())
    if missing:
        kind = InputError if unreadable else FacelineError
        raise kind(f"not enrolled, for want of a usable face: {', '.join(missing)}; the records say why")


@with_setup
def identify(
    photos: Photos,
    gallery: GalleryPath,
    setup: Setup,
    fpir: Annotated[
        float | None,
        typer.Option(
            metavar="RATE", help="Share of strangers who may be given a name; by default 0.01 if supported, else 0.1."
        ),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(min=-1, max=1, metavar="COS", help="Instead of the calibration's.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="A row per face on stdout instead of JSON.")] = False,
    draw: Draw = None,
) -> None:
    """Names for the faces in photos; `unknown` below the threshold for the stated FPIR.

    \b
    faceline identify party.jpg --gallery people.db --draw named.jpg
    faceline identify monday/ --gallery people.db --csv > attendance.csv
    faceline identify door.jpg --gallery people.db --fpir 0.001
    """
    from dataclasses import asdict

    from faceline.cli.answers import collect, face_record, found_faces, photo_record
    from faceline.pipeline.gallery import Gallery
    from faceline.pipeline.identification import Identity
    from faceline.pipeline.identification import identify as name_face
    from faceline.pipeline.load import load

    loaded = load(setup, "embed")
    with Gallery(gallery) as opened:
        opened.require_model(loaded.model)
        references = opened.references()
    point = _operating_point(setup, loaded.model, len(references.names), fpir, threshold)

    def identities(found: PhotoFaces) -> list[Identity | None]:
        faces = found.faces
        return [None if face.embedding is None else name_face(face.embedding, references, point) for face in faces]

    def labels(found: PhotoFaces) -> list[str]:
        return ["" if one is None else f"{one.name} {one.similarity:.2f}" for one in identities(found)]

    def record(found: PhotoFaces) -> dict:
        named = zip(found.faces, identities(found), strict=True)
        return photo_record(found, [face_record(face) | (asdict(one) if one else {}) for face, one in named])

    records, error = collect(found_faces(photos, loaded.pipeline, "embed", draw, labels), record)
    if csv:
        _print_rows(records, point)
        if error is not None:
            raise error
        return
    finish({"gallery": gallery, **asdict(point), "photos": records}, error)


def list_people(gallery: GalleryPath) -> None:
    """Who is enrolled, with how many photos and since when.

    \b
    faceline list --gallery people.db
    """
    from dataclasses import asdict

    from faceline.pipeline.gallery import Gallery

    with Gallery(gallery) as opened:
        everybody = [asdict(person) for person in opened.people()]
        answer({"gallery": gallery, "model": opened.model, "people": everybody})


def remove(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Who is to be forgotten.")],
    gallery: GalleryPath,
) -> None:
    """Forgets people; their numbers are overwritten in the file.

    \b
    faceline remove "Ada Lovelace" --gallery people.db
    """
    from faceline.pipeline.gallery import Gallery

    with Gallery(gallery) as opened:
        opened.remove(names)
        answer({"gallery": gallery, "removed": names, "people": len(opened)})


def export(file: Annotated[Path, typer.Argument(metavar="FILE.npz", help="Where to.")], gallery: GalleryPath) -> None:
    """Writes everybody to one private file of plain arrays.

    \b
    faceline export backup.npz --gallery people.db
    """
    from faceline.pipeline.gallery import Gallery
    from faceline.pipeline.gallery_files import export_people

    with Gallery(gallery) as opened:
        answer({"gallery": gallery, "file": file, "people": export_people(opened, file)})


def import_people(
    file: Annotated[Path, typer.Argument(metavar="FILE.npz", help="What `faceline export` wrote.")],
    gallery: GalleryPath,
    existing: Annotated[
        Existing, typer.Option(help="For somebody who is enrolled already: refuse, add the photos, or replace.")
    ] = Existing.refuse,
) -> None:
    """Takes people in from an exported file of the same model; makes the gallery when there is none.

    \b
    faceline import backup.npz --gallery other.db
    """
    from faceline.pipeline.gallery import Gallery
    from faceline.pipeline.gallery_files import exported_model
    from faceline.pipeline.gallery_files import import_people as read_people

    with Gallery.open_or_create(gallery, *exported_model(file)) as opened:
        count = read_people(opened, file, existing.value)
        answer({"gallery": gallery, "imported": count, "people": len(opened)})


def _embeddings_of(
    people: dict[str, list], pipeline: FacePipeline, draw: Path | None
) -> tuple[dict[str, list], list[dict], bool]:
    """Main faces' embeddings by person, a record of every photo, and whether no photo at all could be read."""
    from faceline.cli.answers import NothingReadError, face_record, found_faces, photo_record
    from faceline.pipeline.found_faces import main_face
    from faceline.pipeline.photo_files import find_photos

    owners = [(who, path) for who, photos in people.items() for path in find_photos([str(one) for one in photos])]
    embeddings: dict[str, list] = {}
    records: list[dict] = []
    unreadable = False
    entries = found_faces([str(path) for _, path in owners], pipeline, "embed", draw)
    owner = {str(path): who for who, path in owners}
    try:
        for found in entries:
            face = main_face(found)
            if face is not None:
                embeddings.setdefault(owner[found.name], []).append(face.embedding)
            faces = [face_record(one) | {"enrolled": one is face} for one in found.faces]
            records.append({"name": owner[found.name], **photo_record(found, faces)})
    except NothingReadError:
        unreadable = True
    return embeddings, records, unreadable


def _operating_point(
    setup: Setup, model: str, people: int, fpir: float | None, threshold: float | None
) -> OperatingPoint:
    from faceline.evaluation.verification.calibration import Calibration
    from faceline.pipeline.identification import OperatingPoint, operating_point
    from faceline.pipeline.load import CALIBRATION

    if threshold is not None:
        return OperatingPoint(threshold, people, None, None, False)
    path = setup.models / CALIBRATION
    if not path.is_file():
        raise InputError(f"{path}: no such calibration; run `dvc repro`, or give a threshold with --threshold")
    calibration = Calibration.read(path)
    if calibration.model != model:
        raise InputError(
            f"{path}: made for another recogniser; run `dvc repro`, or give a threshold with --threshold"
        )
    point = operating_point(calibration, people, fpir)
    if not point.supported:
        log.warning(
            "the calibration (%d people) vouches for no FMR under %.3g: with %d enrolled, its strictest threshold "
            "gives an FPIR of %.3g",
            calibration.people,
            point.fmr,
            people,
            point.fpir,
        )
    return point


def _print_rows(records: list[dict], point: OperatingPoint) -> None:
    """A row for each face, and one for each photo without: who was there."""
    import csv
    import sys

    from faceline.core.columns import BOX_COLUMNS

    header = ["photo", "status", "name", "similarity", "threshold", "fpir", "gallery_size", *BOX_COLUMNS]
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(header)
    for record in records:
        for face in record["faces"] or [{}]:
            status = face.get("rejected") or record["status"]
            similarity = f"{face['similarity']:.4f}" if "similarity" in face else ""
            box = [f"{face['box'][side]:.1f}" for side in BOX_COLUMNS] if face else [""] * 4
            fpir = "" if point.fpir is None else f"{point.fpir:.4g}"
            given = [similarity, f"{point.threshold:.4f}", fpir, point.gallery_size]
            rows.writerow([record["photo"], status, face.get("name", ""), *given, *box])
