"""The verbs about people: enroll, identify, list, remove, export, import."""

from __future__ import annotations

import csv
import logging
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from faceline.cli.options import Draw, GalleryPath, Photos, with_setup
from faceline.cli.output import answer
from faceline.core.columns import BOX_COLUMNS
from faceline.core.errors import FacelineError, InputError
from faceline.pipeline.setup import Setup

if TYPE_CHECKING:
    from faceline.pipeline.found_faces import PhotoFaces
    from faceline.pipeline.identification import OperatingPoint

log = logging.getLogger(__name__)


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
    from faceline.cli.answers import photo_records
    from faceline.pipeline.annotate import people_in
    from faceline.pipeline.found_faces import main_face
    from faceline.pipeline.gallery import Gallery
    from faceline.pipeline.load import load
    from faceline.pipeline.photo_files import find_photos

    if (people is None) == (name is None) or (name is not None and not photos):
        raise InputError("give a NAME and its PHOTOs, or --people DIR")
    loaded = load(setup, "embed")
    wanted = people_in(people) if people is not None else {name: photos}
    owners = {str(path): who for who, files in wanted.items() for path in find_photos([str(file) for file in files])}
    embeddings: dict[str, list] = {}

    def keep_main(found: PhotoFaces, number: int) -> dict:
        face = found.faces[number]
        enrolled = face is main_face(found)
        if enrolled:
            embeddings.setdefault(owners[found.name], []).append(face.embedding)
        return {"enrolled": enrolled}

    with Gallery.open_or_create(gallery, loaded.model, loaded.dim) as opened:
        records, error = photo_records(list(owners), loaded.pipeline, "embed", draw, keep_main)
        records = [{"name": owners[record["photo"]], **record} for record in records]
        opened.enroll(embeddings)
        counts = {person.name: person.photos for person in opened.people()}
        enrolled = [{"name": who, "added": len(new), "photos": counts.get(who)} for who, new in embeddings.items()]
        answer({"gallery": gallery, "people": len(opened), "enrolled": enrolled, "photos": records})
    missing = sorted(wanted.keys() - embeddings.keys())
    if missing:
        kind = InputError if error else FacelineError
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
    as_rows: Annotated[bool, typer.Option("--csv", help="A row per face on stdout instead of JSON.")] = False,
    draw: Draw = None,
) -> None:
    """Names for the faces in photos; `unknown` below the threshold for the stated FPIR.

    \b
    faceline identify party.jpg --gallery people.db --draw named.jpg
    faceline identify monday/ --gallery people.db --csv > attendance.csv
    faceline identify door.jpg --gallery people.db --fpir 0.001
    """
    from faceline.cli.answers import photo_records
    from faceline.pipeline.gallery import Gallery
    from faceline.pipeline.identification import identify as name_face
    from faceline.pipeline.load import load

    loaded = load(setup, "embed")
    with Gallery(gallery) as opened:
        opened.require_model(loaded.model)
        references = opened.references()
    point = _operating_point(setup, loaded.model, references.photos, fpir, threshold)
    thresholds = point.of(references)

    def identity(found: PhotoFaces, number: int) -> dict:
        embedding = found.faces[number].embedding
        if embedding is None:
            return {}
        return asdict(name_face(embedding, references, thresholds))

    def label(face: dict) -> str:
        return f"{face['name']} {face['similarity']:.2f}" if "name" in face else ""

    records, error = photo_records(photos, loaded.pipeline, "embed", draw, identity, label)
    if not as_rows:
        answer({"gallery": gallery, **asdict(point), "photos": records}, error)
        return
    _print_rows(records, point)
    if error is not None:
        raise error


def list_people(gallery: GalleryPath) -> None:
    """Who is enrolled, with how many photos and since when.

    \b
    faceline list --gallery people.db
    """
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
        Literal["refuse", "add", "replace"],
        typer.Option(help="For somebody who is enrolled already: refuse, add the photos, or replace."),
    ] = "refuse",
) -> None:
    """Takes people in from an exported file of the same model; makes the gallery when there is none.

    \b
    faceline import backup.npz --gallery other.db
    """
    from faceline.pipeline.gallery import Gallery
    from faceline.pipeline.gallery_files import exported_model
    from faceline.pipeline.gallery_files import import_people as read_people

    with Gallery.open_or_create(gallery, *exported_model(file)) as opened:
        count = read_people(opened, file, existing)
        answer({"gallery": gallery, "imported": count, "people": len(opened)})


def _operating_point(
    setup: Setup, model: str, photos: list[int], fpir: float | None, threshold: float | None
) -> OperatingPoint:
    """`photos`: how many each enrolled person has."""
    from faceline.evaluation.verification.calibration import Calibration
    from faceline.pipeline.identification import fixed_point, operating_point
    from faceline.pipeline.load import CALIBRATION

    if threshold is not None:
        return fixed_point(threshold, photos)
    path = setup.models / CALIBRATION
    calibration = Calibration.read(path) if path.is_file() else None
    if calibration is None or calibration.model != model:
        problem = "made for another recogniser" if calibration else "no such calibration"
        raise InputError(f"{path}: {problem}; run `dvc repro`, or give a threshold with --threshold")
    point = operating_point(calibration, photos, fpir)
    beyond = sum(count > calibration.most_photos for count in photos)
    if beyond:
        log.warning(
            f"{path}: has thresholds for up to {calibration.most_photos} photos a person, and {beyond} enrolled "
            "people have more: strangers may be given their names more often than stated; dev people with more "
            "photos mend it"
        )
    if not point.supported:
        log.warning(
            f"the calibration ({calibration.people} people) vouches for no FMR under {point.fmr:.3g}: with "
            f"{len(photos)} enrolled, its strictest thresholds give an FPIR of {point.fpir:.3g}"
        )
    return point


def _print_rows(records: list[dict], point: OperatingPoint) -> None:
    """A row for each face, and one for each photo without: who was there."""
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(["photo", "status", "name", "similarity", "threshold", "fpir", "gallery_size", *BOX_COLUMNS])
    fpir = "" if point.fpir is None else f"{point.fpir:.4g}"
    for record in records:
        for face in record["faces"] or [{}]:
            status = face.get("rejected") or record["status"]
            scores = [f"{face[key]:.4f}" if face.get(key) is not None else "" for key in ("similarity", "threshold")]
            box = [f"{face['box'][side]:.1f}" for side in BOX_COLUMNS] if face else [""] * 4
            given = [*scores, fpir, point.gallery_size]
            rows.writerow([record["photo"], status, face.get("name", ""), *given, *box])
    sys.stdout.flush()  # a full disk or a closed pipe is to be heard of here
