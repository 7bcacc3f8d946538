"""The verbs about people who have names: enroll, identify, list, remove, export, import."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from faceline.cli.options import Draw, Fpir, GalleryAddress, Lines, Photos, Search, Threshold, with_setup
from faceline.cli.output import answer
from faceline.core.columns import BOX_COLUMNS
from faceline.core.errors import FacelineError, InputError
from faceline.pipeline.setup import Setup
from faceline.spreadsheets.cells import safe_cell

if TYPE_CHECKING:
    from faceline.galleries.gallery import Gallery
    from faceline.galleries.identification import Match, OperatingPoint
    from faceline.galleries.quality import FaceQuality
    from faceline.galleries.rows import PhotoRow
    from faceline.pipeline.found_faces import PhotoFaces


@with_setup
def enroll(
    gallery: GalleryAddress,
    setup: Setup,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Who is in the photos.")] = None,
    photos: Annotated[list[str] | None, typer.Argument(metavar="PHOTO...", help="Photos of that person.")] = None,
    people: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Enroll many: a folder of photos for each person.")
    ] = None,
    draw: Draw = None,
) -> None:
    """Adds photos to a person; nothing is trained.

    Of each photo the large, central face is taken, and measured: sharpness, size, pose, the detector's score. A photo
    that the person has already (the same file name and face) is left as it is.

    \b
    faceline enroll "Ada Lovelace" ada1.jpg ada2.jpg --gallery people.db
    faceline enroll --people staff/ --gallery people.db
    """
    from faceline.annotating.annotate import people_in
    from faceline.cli.answers import photo_records
    from faceline.galleries.enrolment import enrolled_photo
    from faceline.galleries.opening import open_or_create_gallery
    from faceline.galleries.rows import checked_name
    from faceline.pipeline.found_faces import main_face
    from faceline.pipeline.load import load
    from faceline.pipeline.photo_files import find_photos

    wanted: Mapping[str, Sequence[Path | str]]
    if people is not None and name is None:
        wanted = people_in(people)
    elif people is None and name is not None and photos:
        wanted = {name: photos}
    else:
        raise InputError("give a NAME and its PHOTOs, or --people DIR")
    owners = {
        str(path): checked_name(who) for who, files in wanted.items() for path in find_photos(list(map(str, files)))
    }
    loaded = load(setup, "embed")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    rows: list[PhotoRow] = []

    def keep_main(found: PhotoFaces, number: int) -> dict:
        face = found.faces[number]
        if face is not main_face(found):
            return {"enrolled": False}
        rows.append(enrolled_photo(owners[found.name], found.name, face, now))
        return {"enrolled": True, "already": False, **_measured(rows[-1].quality)}

    with open_or_create_gallery(gallery, loaded.model, loaded.dim) as opened:
        records, error = photo_records(list(owners), loaded.pipeline, "embed", draw, keep_main)
        records = [{"name": owners[record["photo"]], **record} for record in records]
        new = opened.add(rows)
        main_faces = (face for record in records for face in record["faces"] if face["enrolled"])
        for face, is_new in zip(main_faces, new, strict=True):
            face.update(enrolled=is_new, already=not is_new)
        counts = {person.name: person.photos for person in opened.people()}
        added = Counter(row.name for row, is_new in zip(rows, new, strict=True) if is_new)
        kept = Counter(row.name for row in rows) - added
        enrolled = [
            {"name": who, "added": added[who], "already": kept[who], "photos": counts[who]}
            for who in dict.fromkeys([*added, *kept])
        ]
        answer({"gallery": gallery, "people": len(opened), "enrolled": enrolled, "photos": records})
    missing = sorted(set(owners.values()) - added.keys() - kept.keys())
    if missing:
        kind = InputError if error else FacelineError
        raise kind(f"not enrolled, for want of a usable face: {', '.join(missing)}; the records say why")


@with_setup
def identify(
    photos: Photos,
    gallery: GalleryAddress,
    setup: Setup,
    fpir: Fpir = None,
    threshold: Threshold = None,
    search: Search = "mean",
    allow_repeats: Annotated[
        bool, typer.Option("--allow-repeats", help="Several faces of a photo may have one name: mirrors, collages.")
    ] = False,
    as_rows: Annotated[bool, typer.Option("--csv", help="A row per face on stdout instead of JSON.")] = False,
    jsonl: Lines = False,
    draw: Draw = None,
) -> None:
    """Names for the faces in photos; `unknown` below the threshold for the stated FPIR.

    \b
    faceline identify party.jpg --gallery people.db --draw named.jpg
    faceline identify monday/ --gallery people.db --csv > attendance.csv
    faceline identify door.jpg --gallery people.db --fpir 0.001
    """
    from faceline.cli.answers import photo_records
    from faceline.cli.naming import Namer, Wish
    from faceline.pipeline.load import load

    if as_rows and jsonl:
        raise InputError("--csv and --jsonl: choose one")
    loaded = load(setup, "embed")
    namer = Namer(gallery, loaded.model, setup, Wish(fpir, threshold, search, allow_repeats))
    matches: list[Match | None] = []

    def identity(found: PhotoFaces, number: int) -> dict:
        if number == 0:
            matches[:] = namer.matches(found)
        match = matches[number]
        return asdict(match) if match else {}

    def label(face: dict) -> str:
        return f"{face['name']} {face['similarity']:.2f}" if "name" in face else ""

    records, error = photo_records(photos, loaded.pipeline, "embed", draw, identity, label)
    if not as_rows:
        facts = {"gallery": gallery, "search": search, **asdict(namer.point)}
        answer({**facts, "photos": records}, error, lines="photos" if jsonl else "")
        return
    _print_rows(records, namer.point)
    if error is not None:
        raise error


def list_people(
    gallery: GalleryAddress,
    photos: Annotated[bool, typer.Option("--photos", help="Every photo of theirs, with its id and quality.")] = False,
    jsonl: Lines = False,
) -> None:
    """Who is enrolled, with how many photos and since when.

    \b
    faceline list --gallery people.db
    faceline list --photos --gallery people.db
    """
    from faceline.galleries.opening import open_gallery

    with open_gallery(gallery) as opened:
        everybody = [asdict(person) for person in opened.people()]
        if photos:
            listed = _listed_photos(opened)
            everybody = [person | {"enrolled": listed[person["name"]]} for person in everybody]
        facts = {"gallery": gallery, "model": opened.model}
        answer({**facts, "people": everybody}, lines="people" if jsonl else "")


def _listed_photos(gallery: Gallery) -> dict[str, list[dict]]:
    """Every photo without its embedding, by person."""
    listed: dict[str, list[dict]] = {}
    for row in gallery.rows():
        entry = {"id": row.id, "photo": row.photo, "photos": row.photos, "enrolled": row.enrolled}
        listed.setdefault(row.name, []).append(entry | _measured(row.quality))
    return listed


def _measured(quality: FaceQuality | None) -> dict:
    """What is said of a photo's quality; None where it was not measured."""
    from faceline.galleries.quality import quality_warnings

    if quality is None:
        return {"quality": None, "warnings": []}
    return {"quality": asdict(quality), "warnings": quality_warnings(quality)}


def remove(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Who is to be forgotten.")],
    gallery: GalleryAddress,
    photos: Annotated[
        list[str] | None,
        typer.Option("--photo", metavar="FILE|ID", help="Only this photo of one person; several times for several."),
    ] = None,
) -> None:
    """Forgets people, or takes photos of one person back; their numbers are overwritten in the file.

    While another process reads the gallery, they stay in its log: this waits 10 seconds for it, else says that the
    removal is not complete and ends with 1; the next opening finishes it.

    \b
    faceline remove "Ada Lovelace" --gallery people.db
    faceline remove "Ada Lovelace" --photo ada2.jpg --gallery people.db
    """
    from faceline.galleries.opening import open_gallery

    names = list(dict.fromkeys(names))
    if photos and len(names) > 1:
        raise InputError(f"--photo: {len(names)} names; photos are taken back from one person at a time")
    with open_gallery(gallery) as opened:
        if photos:
            opened.remove_photos(names[0], photos)
        else:
            opened.remove(names)
        unfinished = opened.unfinished_removal()
        told = {"removed": names, "removed_photos": photos or [], "complete": unfinished is None}
        answer({"gallery": gallery, **told, "people": len(opened)}, unfinished)


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE.npz", help="Where to.")], gallery: GalleryAddress
) -> None:
    """Writes everybody to one private file of plain arrays.

    \b
    faceline export backup.npz --gallery people.db
    """
    from faceline.galleries.files import export_people
    from faceline.galleries.opening import open_gallery

    with open_gallery(gallery) as opened:
        answer({"gallery": gallery, "file": file, "people": export_people(opened, file)})


def import_people(
    file: Annotated[Path, typer.Argument(metavar="FILE.npz", help="What `faceline export` wrote.")],
    gallery: GalleryAddress,
    existing: Annotated[
        Literal["refuse", "add", "replace"],
        typer.Option(help="For somebody who is enrolled already: refuse, add the photos, or replace."),
    ] = "refuse",
) -> None:
    """Takes people in from an exported file of the same model; makes the gallery when there is none.

    \b
    faceline import backup.npz --gallery other.db
    """
    from faceline.galleries.files import exported_model
    from faceline.galleries.files import import_people as read_people
    from faceline.galleries.opening import open_or_create_gallery

    with open_or_create_gallery(gallery, *exported_model(file)) as opened:
        count, already = read_people(opened, file, existing)
        unfinished = opened.unfinished_removal()
        told = {"imported": count, "already": already, "complete": unfinished is None}
        answer({"gallery": gallery, **told, "people": len(opened)}, unfinished)


def index(
    gallery: GalleryAddress,
    search: Search = "mean",
    numbers: Annotated[
        Literal["float16", "int8"], typer.Option(help="What vectors are kept in; the answers are the same.")
    ] = "float16",
) -> None:
    """Makes the index beside a large gallery: identify then searches a memory map instead of loading everybody.

    Answers are those without it, to the bit. People may be added and removed afterwards; made again, the index takes
    in who was added. Delete its folder to do without it.

    \b
    faceline index --gallery people.db
    faceline index --gallery people.db --search nearest --numbers int8
    """
    from importlib.util import find_spec

    from faceline.galleries.gallery import Gallery
    from faceline.galleries.index_build import build_index
    from faceline.galleries.opening import open_gallery

    if find_spec("usearch") is None:
        raise InputError("searching an index needs the package usearch: pip install 'faceline[large]'")
    with open_gallery(gallery) as opened:
        if not isinstance(opened, Gallery):
            raise InputError(f"{gallery}: a service keeps its own index; this is for a gallery in a file")
        folder = build_index(opened, search, numbers)
        answer({"gallery": gallery, "index": folder, "people": len(opened)})


def _print_rows(records: list[dict], point: OperatingPoint) -> None:
    """A row for each face, and one for each photo without: who was there."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files need not be text
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(["photo", "status", "name", "similarity", "threshold", "fpir", "gallery_size", *BOX_COLUMNS])
    fpir = "" if point.fpir is None else f"{point.fpir:.4g}"
    for record in records:
        for face in record["faces"] or [{}]:
            status = face.get("rejected") or record["status"]
            scores = [f"{face[key]:.4f}" if face.get(key) is not None else "" for key in ("similarity", "threshold")]
            box = [f"{face['box'][side]:.1f}" for side in BOX_COLUMNS] if face else [""] * 4
            given = [*scores, fpir, point.gallery_size]
            rows.writerow(map(safe_cell, [record["photo"], status, face.get("name", ""), *given, *box]))
    sys.stdout.flush()  # a full disk or a closed pipe is to be heard of here
