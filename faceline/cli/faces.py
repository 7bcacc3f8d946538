"""The verbs about faces: detect, align, embed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceline.cli.options import Draw, Lines, Photos, with_setup
from faceline.cli.output import answer
from faceline.pipeline.private import private_folder, replacing_privately
from faceline.pipeline.setup import Setup

if TYPE_CHECKING:
    from faceline.pipeline.found_faces import PhotoFaces


@with_setup
def detect(photos: Photos, setup: Setup, draw: Draw = None, jsonl: Lines = False) -> None:
    """Faces in photos: boxes, scores and the detector's points.

    \b
    faceline detect party.jpg --draw found.jpg
    faceline detect album/ '*.png' > faces.json
    faceline detect party.jpg --detector yunet
    """
    from faceline.cli.answers import photo_records
    from faceline.pipeline.load import load

    records, error = photo_records(photos, load(setup, "detect").pipeline, "detect", draw)
    answer({"photos": records}, error, lines="photos" if jsonl else "")


@with_setup
def align(
    photos: Photos,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the aligned faces (PNG).")],
    setup: Setup,
    draw: Draw = None,
    jsonl: Lines = False,
) -> None:
    """Aligned 112 x 112 faces, one PNG each.

    \b
    faceline align party.jpg --out faces/
    faceline align album/ --out faces/ --models models/onnx --runtime onnx
    """
    from PIL import Image

    from faceline.cli.answers import photo_records, unique_name
    from faceline.pipeline.load import load

    pipeline = load(setup, "align").pipeline
    private_folder(out)
    taken: set[str] = set()

    def write_tile(found: PhotoFaces, number: int) -> dict:
        tile = found.faces[number].aligned
        if tile is None:
            return {}
        target = out / f"{unique_name(f'{Path(found.name).stem}_{number}', taken)}.png"
        with replacing_privately(target) as temporary:
            Image.fromarray(tile).save(temporary)
        return {"file": target}

    records, error = photo_records(photos, pipeline, "align", draw, write_tile)
    answer({"photos": records}, error, lines="photos" if jsonl else "")


@with_setup
def embed(
    photos: Photos,
    out: Annotated[Path, typer.Option(metavar="FILE.npz", help="Where the embeddings go.")],
    setup: Setup,
    draw: Draw = None,
    jsonl: Lines = False,
) -> None:
    """One embedding per face found, as arrays in a .npz that its owner alone can read.

    Arrays: embeddings (n, dim) of unit norm, photo (n) and face (n) that say whose row it is, boxes (n, 4), model.

    \b
    faceline embed album/ --out faces.npz
    faceline embed album/ --out faces.npz --recognizer sface
    """
    import numpy as np

    from faceline.cli.answers import photo_records
    from faceline.pipeline.load import load

    loaded = load(setup, "embed")
    rows: list[tuple] = []

    def keep(found: PhotoFaces, number: int) -> dict:
        face = found.faces[number]
        if face.embedding is None:
            return {}
        rows.append((face.embedding, found.name, number, face.box))
        return {"row": len(rows) - 1}

    records, error = photo_records(photos, loaded.pipeline, "embed", draw, keep)
    if error is None:
        embeddings, names, numbers, boxes = zip(*rows, strict=True) if rows else ((), (), (), ())
        with replacing_privately(out) as temporary, temporary.open("wb") as file:
            np.savez(
                file,
                embeddings=np.array(embeddings, np.float32).reshape(-1, loaded.dim),
                photo=np.array(names, np.str_),
                face=np.array(numbers, np.int32),
                boxes=np.array(boxes, np.float64).reshape(-1, 4),
                model=np.array(loaded.model),
            )
    facts = {"embeddings": len(rows), "file": out if error is None else None}
    answer({**facts, "photos": records}, error, lines="photos" if jsonl else "")
