"""The verbs that get a model and say how good it is on somebody's people: fetch, calibrate, evaluate."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from faceline.cli.options import with_setup
from faceline.cli.output import answer
from faceline.core.errors import InputError
from faceline.pipeline.setup import Setup

log = logging.getLogger(__name__)

People = Annotated[
    Path,
    typer.Argument(
        metavar="PEOPLE_DIR",
        help="A folder of photos for each person; a folder with CelebA's lists; or a parameter file that names them.",
    ),
]


def fetch(
    models: Annotated[list[str], typer.Argument(metavar="NAME...", help="sface, yunet, or a YAML file of facts.")],
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Take this file instead of downloading it.")
    ] = None,
) -> None:
    """Models from the field into your cache, their hashes checked.

    \b
    faceline fetch sface yunet
    faceline fetch sface --from Downloads/face_recognition_sface_2021dec.onnx
    """
    from faceline.field.cache import take
    from faceline.field.facts import model_facts
    from faceline.field.fetch import fetch as download

    facts = [model_facts(name) for name in models]
    if source is not None and len(facts) > 1:
        raise InputError(f"--from {source}: one file for {len(facts)} models; fetch one at a time")
    fetched = [
        {
            "name": one.name,
            "kind": one.kind,
            "file": download(one) if source is None else take(one, source),
            "licence": one.licence,
            "training_data": one.training_data,
        }
        for one in facts
    ]
    answer({"fetched": fetched})


@with_setup
def calibrate(
    people: People,
    setup: Setup,
    made_on: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Whose photos they are, for people; by default the folder.")
    ] = None,
) -> None:
    """Thresholds of a recogniser for stated error rates, from photos of people who are not to be enrolled.

    `identify` then uses them for that recogniser. More people support smaller rates: 35 people with ten photos each
    supported an FPIR of 0.01 with ten people enrolled.

    \b
    faceline calibrate friends/ --recognizer sface
    """
    from faceline.measuring.calibrate import calibrate_people, supported_rates
    from faceline.measuring.people_photos import PeoplePhotos
    from faceline.pipeline.calibrations import KeptCalibration
    from faceline.pipeline.load import load
    from faceline.pipeline.photo_files import as_text

    photos = PeoplePhotos.of(people)
    loaded = load(setup, "embed")
    embedded, calibration = calibrate_people(photos, loaded)
    recognizer = as_text(setup.recognizer or setup.models)
    kept = KeptCalibration(
        made_on=as_text(made_on or people),
        recognizer=recognizer,
        detector=setup.detector_name,
        source=as_text(people.resolve()),
        calibration=calibration,
    )
    path = kept.keep()
    answer(
        {
            "calibration": path,
            "recognizer": recognizer,
            "model": calibration.model,
            "detector": kept.detector,
            "people": calibration.people,
            "photos": calibration.photos,
            "failures": [{"photo": photo, "reason": reason} for photo, reason in embedded.failures],
            "several_faces": embedded.several_faces,
            "supports": supported_rates(calibration),
        }
    )


@with_setup
def evaluate(
    people: People,
    setup: Setup,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="New folder for the report page (index.html) and its tables.")
    ] = None,
) -> None:
    """How good a recogniser is on your people: ID rate, open set, intervals over people, failures; no training.

    People with two photos and more are compared with each other; those with one photo are strangers to them. Rates at
    the thresholds of `faceline calibrate` are left out for the people on whom they were set. A data set in CelebA's
    layout, by its folder or by a parameter file of the chain, has groups by attributes too; the face of a photo is
    then the one in its annotated box.

    \b
    faceline evaluate club/ --recognizer sface
    faceline evaluate club/ --recognizer sface --out results/
    faceline evaluate data/celeba --recognizer sface --out results/
    """
    from faceline.measuring.evaluate import evaluate_people, role_of
    from faceline.measuring.evaluation_folder import write_evaluation
    from faceline.measuring.people_embeddings import embed_people
    from faceline.measuring.people_photos import PeoplePhotos
    from faceline.pipeline.calibrations import look_up
    from faceline.pipeline.load import load

    if out is not None and out.exists():
        raise InputError(f"{out}: exists already; name a new folder")
    photos = PeoplePhotos.of(people)
    loaded = load(setup, "embed")
    found = look_up(loaded.model, setup.models)
    if found is None:
        log.info("no calibration of this recogniser (`faceline calibrate`), so no rates at frozen thresholds")
    elif found.shares_photos(people):
        log.warning("the thresholds of %s were set on these people, so there are no rates at them", found.path)
        found = None
    if setup.recognizer is None:
        log.info("figures of people whom this recogniser was trained on say nothing of others")
    embedded = embed_people(photos, loaded, role_of)
    measured = evaluate_people(embedded.table, found.calibration if found else None, with_map=out is not None)
    facts = {
        "source": people,
        "recognizer": setup.recognizer or setup.models,
        "model": loaded.model,
        "detector": setup.detector_name,
        "calibration": found and {"file": found.path, "made_on": found.made_on},
    }
    figures = measured.figures
    report = {
        **facts,
        **measured.counts,
        **figures.metrics,
        "intervals": {rate.name: [rate.low, rate.high] for rate in figures.rates if rate.low is not None},
        "reasons": {rate.name: rate.reason for rate in figures.rates if rate.reason},
        "failures": [{"photo": photo, "reason": reason} for photo, reason in embedded.failures],
        "several_faces": len(embedded.several_faces),
    }
    if out is not None:
        write_evaluation(out, measured, embedded, photos, loaded.pipeline, facts, report)
    answer(report | {"page": out and out / "index.html"})
