"""The verbs about sets of photos and about models: verify, annotate, pack, export-onnx, export-images, params."""

from __future__ import annotations

import logging
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from faceline.cli.options import with_setup
from faceline.cli.output import answer
from faceline.core.errors import InputError
from faceline.pipeline.setup import ModelsFolder, Setup

if TYPE_CHECKING:
    from faceline.measuring.verify import Verification

log = logging.getLogger(__name__)


@with_setup
def verify(
    pairs: Annotated[
        Path, typer.Argument(metavar="PAIRS", help="Pairs in the form of LFW's pairs.txt, or insightface's .bin.")
    ],
    setup: Setup,
    images: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Photos: DIR/Name/Name_0001.jpg; a .bin holds its own.")
    ] = None,
) -> None:
    """Accuracy over ten folds, AUC and TPR at FPR on pairs of photos, failures to acquire counted.

    The faces of a .bin (lfw.bin, cfp_fp.bin, agedb_30.bin, ...) come aligned: only the recogniser is needed.

    \b
    faceline verify pairs.txt --images lfw/
    faceline verify lfw.bin
    """
    if pairs.suffix == ".bin":
        if images is not None:
            raise InputError(f"{pairs} holds its own photos; leave --images out")
        _verify_bin(pairs, setup)
        return
    if images is None:
        raise InputError(f"{pairs}: name the folder of its photos with --images DIR")
    from faceline.imaging.progress import track
    from faceline.measuring.verify import locate, parse_pairs, verify_pairs
    from faceline.pipeline.found_faces import main_face
    from faceline.pipeline.load import load
    from faceline.pipeline.photo_files import read_photos

    listed = parse_pairs(pairs)
    files = locate(listed, images)
    pipeline = load(setup, "embed").pipeline
    embeddings, failures = {}, {}
    found = pipeline.run(read_photos(track(files.values(), "embed")), "embed")
    for name, entry in zip(files, found, strict=True):
        face = main_face(entry)
        if face is None or face.embedding is None:
            failures[name] = entry.reasons
        else:
            embeddings[name] = face.embedding
    result = verify_pairs(listed, embeddings)
    answer(
        _verification(result)
        | {
            "photos": len(files),
            "failure_to_acquire": len(failures) / len(files),
            "genuine_pairs_failed": result.genuine_failed,
            "impostor_pairs_failed": result.impostor_failed,
            "failures": failures,
        }
    )


def _verify_bin(pairs: Path, setup: Setup) -> None:
    from faceline.measuring.verify_bin import verify_bin
    from faceline.pipeline.load import load_embedder

    embedder, _ = load_embedder(setup)
    result = verify_bin(pairs, embedder, setup.flips)
    answer(_verification(result) | {"photos": 2 * result.pairs, "people": "not known: each pair counts as its own"})


def _verification(result: Verification) -> dict:
    return {
        "accuracy": result.folds.accuracy,
        "accuracy_standard_error": result.folds.standard_error,
        "auc": result.auc,
        **{rate.name: rate.value for rate in result.id_rates},
        "reasons": {rate.name: rate.reason for rate in result.id_rates if rate.reason},
        "pairs": result.pairs,
        "folds": {"accuracies": result.folds.accuracies, "thresholds": result.folds.thresholds},
    }


@with_setup
def annotate(
    people: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of photos for each person.")],
    out: Annotated[Path, typer.Option(metavar="DATA", help="New folder for the data set.")],
    setup: Setup,
    landmarks: Annotated[
        Literal["auto", "hourglass", "detector"],
        typer.Option(help="auto: the hourglass where one trained on photos is there, else the detector."),
    ] = "auto",
) -> None:
    """Your own people as a data set in CelebA's layout, ready for the chain.

    Of each photo the large, central face is taken. Attributes are unknown; boxes and points are found by
    programs, not set by people. In the project's folder it writes parameters for them too, with roles that the
    people there are fill.

    \b
    faceline annotate staff/ --out data/staff
    faceline params staff
    dvc repro
    """
    from faceline.annotating.annotate import annotate as write_annotations
    from faceline.annotating.annotate import people_in
    from faceline.annotating.annotated_params import variant_place, write_annotated_params
    from faceline.pipeline.load import has_usable_predictor, load

    setup = replace(setup, recognizer=None)  # none takes part, and its points are not asked for
    photos = people_in(people)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: exists already and is not empty; name a new folder")
    place = variant_place(out)
    if landmarks == "auto":
        landmarks = "hourglass" if has_usable_predictor(setup) else "detector"
        log.info("landmarks by %s", landmarks)
    if landmarks == "detector" and setup.detector_name == "boxes":
        raise InputError("--detector boxes gives no points: this takes an hourglass, --landmarks hourglass")
    last = "align" if landmarks == "hourglass" else "detect"
    report = write_annotations(photos, load(setup, last).pipeline, last, out)
    files = {kind: out / file for kind, file in report.files.items()}
    variant = {}
    if place is None:
        log.warning("no parameters written: there is no folder `params` of the project here")
    else:
        boxes_by = "known boxes" if setup.detector_name == "boxes" else setup.detector_name
        labels_by = boxes_by if landmarks == "detector" else f"{boxes_by} (boxes) and an hourglass (points)"
        try:
            usable, roles = write_annotated_params(place, files, labels_by)
        except InputError as error:
            log.warning("no parameters written: %s", error)
        else:
            variant = {"params": place, "usable": sum(usable.photos), "rejected": usable.rejected, "roles": roles}
            log.info("parameters for these photos: `faceline params %s`, then `dvc repro`", place.stem)
    answer(
        {
            "people": report.photos,
            "photos": sum(report.photos.values()),
            "landmarks": landmarks,
            "several_faces": report.several_faces,
            "skipped": [{"photo": photo, "reason": reason} for photo, reason in report.skipped],
            "data": files,
            **variant,
        }
    )


def export_onnx(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="Folder for the ONNX files.")],
    models: ModelsFolder = Path("models"),
) -> None:
    """The models as ONNX with a dynamic batch, their answers checked against PyTorch's.

    \b
    faceline export-onnx models/onnx
    faceline identify party.jpg --gallery people.db --runtime onnx --models models/onnx
    """
    from faceline.exported.export import export_all

    answer({"folder": out, "exported": [asdict(one) for one in export_all(models, out)]})


def export_images(
    packed: Annotated[Path, typer.Argument(metavar="SET", help="A packed set, such as data/aligned.")],
    out: Annotated[Path, typer.Argument(metavar="DIR", help="New folder for the files.")],
) -> None:
    """A packed set as files: a folder for each person, and rows.csv.

    \b
    faceline export-images data/aligned aligned/
    """
    from faceline.pipeline.export_images import export_images as write_images

    answer({"folder": out, "images": write_images(packed, out)})


def pack(
    records: Annotated[Path, typer.Argument(metavar="REC", help="A .rec with its .idx, or the folder of both.")],
    out: Annotated[Path, typer.Option(metavar="SET", help="New folder for the packed set.")],
    params: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Takes roles and their seed from the group filter of this params.yaml."),
    ] = None,
) -> None:
    """insightface's training sets (aligned faces: CASIA-WebFace, MS1MV3, ...) as a set that the recogniser trains on.

    Every person gets one role; without --params the roles are proposed from the people there are. data/README.md
    has the commands that train and measure on it.

    \b
    faceline pack faces_webface_112x112/ --out data/webface
    """
    from faceline.annotating.pack_records import pack_records, read_filter

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: exists already and is not empty; name a new folder")
    packed = pack_records(records, out, read_filter(params) if params else None)
    answer(
        {
            "set": out,
            "people": packed.people,
            "photos": packed.photos,
            "roles": packed.roles.model_dump(),
            "chosen": packed.chosen,
        }
    )


def params(
    variant: Annotated[str, typer.Argument(help="A file of the folder params, such as sample or celeba-small.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write them.")] = Path("params.yaml"),
) -> None:
    """The parameters of a variant, merged into params/base.yaml, with every key, unit and comment.

    \b
    faceline params celeba-small
    """
    from faceline.settings.variants import write_variant

    for missing in write_variant(variant, out):
        log.warning("not there yet (data/README.md says where it comes from): %s", missing)
