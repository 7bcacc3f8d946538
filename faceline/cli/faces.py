"""The verbs about faces: detect, align, embed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceline.cli.options import Draw, Photos, with_setup
from faceline.cli.output import finish
from faceline.pipeline.setup import Setup

if TYPE_CHECKING:
    from faceline.pipeline.found_faces import PhotoFaces


@with_setup
def detect(photos: Photos, setup: Setup, draw: Draw = None) -> None:
    """Faces in photos: boxes, scores and the detector's points.

    \b
    faceline detect party.jpg --draw found.jpg
    faceline detect album/ '*.png' > faces.json
    faceline detect party.jpg --detector yunet --detector-model face_detection_yunet.onnx
    """
    from faceline.cli.answers import collect, found_faces, photo_record
    from faceline.pipeline.load import load

    pipeline = load(setup, "detect").pipeline
    records, error = collect(found_faces(photos, pipeline, "detect", draw), photo_record)
    finish({"photos": records}, error)


@with_setup
def align(
    photos: Photos,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the aligned faces (PNG).")],
    setup: Setup,
    draw: Draw = None,
) -> None:
    """Aligned 112 x 112 faces, one PNG each.

    \b
    faceline align party.jpg --out faces/
    faceline align album/ --out faces/ --models models/onnx --runtime onnx
    """
    from PIL import Image

    from faceline.cli.answers import UniqueNames, collect, face_record, found_faces, photo_record
    from faceline.core.files import replacing
    from faceline.pipeline.load import load

    pipeline = load(setup, "align").pipeline
    out.mkdir(parents=True, exist_ok=True)
    names = UniqueNames()

    def record(found: PhotoFaces) -> dict:
        faces = []
        for number, face in enumerate(found.faces):
            details = face_record(face)
            if face.aligned is not None:
                target = out / f"{names.of(f'{Path(found.name).stem}_{number}')}.png"
                with replacing(target) as temporary:
                    Image.fromarray(face.aligned).save(temporary)
                details["file"] = target
            faces.append(details)
        return photo_record(found, faces)

    records, error = collect(found_faces(photos, pipeline, "align", draw), record)
    finish({"photos": records}, error)


@with_setup
def embed(
    photos: Photos,
    out: Annotated[Path, typer.Option(metavar="FILE.npz", help="Where the embeddings go.")],
    setup: Setup,
    draw: Draw = None,
) -> None:
    """One embedding per face found, as arrays in a .npz.

    Arrays: embeddings (n, dim) of unit norm, photo (n) and face (n) that say whose row it is, boxes (n, 4), model.

    \b
    faceline embed album/ --out faces.npz
    """
    from faceline.cli.answers import collect, face_record, found_faces, photo_record
    from faceline.pipeline.load import load

    loaded = load(setup, "embed")
    rows: list[tuple] = []

    def record(found: PhotoFaces) -> dict:
        faces = []
        for number, face in enumerate(found.faces):
            details = face_record(face)
            if face.embedding is not None:
                details["row"] = len(rows)
                rows.append((face.embedding, found.name, number, face.box))
            faces.append(details)
        return photo_record(found, faces)

    records, error = collect(found_faces(photos, loaded.pipeline, "embed", draw), record)
    if error is None:
        _write_embeddings(out, rows, loaded.dim, loaded.model)
    finish({"embeddings": len(rows), "file": out if error is None else None, "photos": records}, error)


def _write_embeddings(out: Path, rows: list[tuple], dim: int, model: str) -> None:
    import numpy as np

    from faceline.core.files import replacing

    embeddings, photos, faces, boxes = zip(*rows, strict=True) if rows else ((), (), (), ())
    arrays = {
        "embeddings": np.array(embeddings, np.float32).reshape(-1, dim),
        "photo": np.array(photos, np.str_),
        "face": np.array(faces, np.int32),
        "boxes": np.array(boxes, np.float64).reshape(-1, 4),
        "model": np.array(model),
    }
    with replacing(out) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)
