"""The verb labels: photos under a wrong name, and people under two names."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Annotated

import typer

from faceline.cli.measuring import People
from faceline.cli.options import with_setup
from faceline.cli.output import answer
from faceline.core.errors import InputError
from faceline.pipeline.setup import Setup

log = logging.getLogger(__name__)


@with_setup
def labels(
    people: People,
    setup: Setup,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="New folder for the lists, and for sheets of the faces.")
    ] = None,
) -> None:
    """Photos whose label a recogniser doubts, and people who may be one person under two names.

    A photo is listed when it is far from the centre of its person's other photos, or when another person's centre is
    nearer. Look at the sheets, take the rows of right labels out of photos.csv, and put it at
    params/excluded/NAME.csv: with `filter.excluded: NAME` the chain leaves these photos out.

    \b
    faceline labels friends/ --recognizer sface --out doubtful/
    faceline labels params.yaml --recognizer sface --out doubtful/
    """
    from faceline.labels.doubtful import doubtful_labels
    from faceline.measuring.doubtful_sheets import write_doubtful
    from faceline.measuring.evaluate import role_of
    from faceline.measuring.people_embeddings import embed_people
    from faceline.measuring.people_photos import PeoplePhotos
    from faceline.measuring.shown_faces import ShownFaces
    from faceline.pipeline.load import load

    if out is not None and out.exists():
        raise InputError(f"{out}: exists already; name a new folder")
    photos = PeoplePhotos.of(people)
    loaded = load(setup, "embed")
    if setup.recognizer is None:
        log.info(
            "people whom this recogniser was trained on taught it their labels, wrong ones too: --recognizer sface"
        )
    embedded = embed_people(photos, loaded, role_of)
    found = doubtful_labels(embedded.table.rows, embedded.table.embeddings)
    if math.isnan(found.same_from):
        log.warning(
            "halves of one person's photos are no nearer to each other than strangers are: this recogniser cannot "
            "tell who is one person under two names, so no such pairs are listed"
        )
    if out is not None:
        write_doubtful(out, found, embedded.table, ShownFaces(photos, loaded.pipeline))
    answer(
        {
            "source": people,
            "recognizer": setup.recognizer or setup.models,
            "model": loaded.model,
            "photos": len(photos),
            "judged": {"people": found.people, "photos": found.judged},
            "far_below": found.far_below,
            "same_person_from": found.same_from,
            "doubtful_photos": found.photos.to_dict("records"),
            "one_person_perhaps": found.pairs.to_dict("records"),
            "failures": [{"photo": photo, "reason": reason} for photo, reason in embedded.failures],
            "lists": out,
        }
    )
