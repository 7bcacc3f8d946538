"""A calibration of any recogniser from photos of people, a folder each."""

from __future__ import annotations

import numpy as np

from faceline.core.errors import InputError
from faceline.evaluation.verification.calibration import Calibration
from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.roles import DEV, check_embeddings
from faceline.measuring.people_embeddings import PeopleEmbeddings, embed_people
from faceline.measuring.people_photos import PeoplePhotos
from faceline.pipeline.load import Loaded

GALLERY_SIZES = (10, 100, 1000)


def calibrate_people(people: PeoplePhotos, loaded: Loaded) -> tuple[PeopleEmbeddings, Calibration]:
    """Embeds everybody's photos and keeps the tails of comparisons of different people.

    Raises:
        InputError: too few people with a usable face for any rate.
        FacelineError: embeddings that are not finite or all the same.
    """
    embedded = embed_people(people, loaded, lambda photos: DEV)
    table = embedded.table
    persons = table.rows["person"].to_numpy()
    check_embeddings(table.embeddings, table.ok, str(people.source))
    usable = len(np.unique(persons[table.ok]))
    calibration = None
    if usable > 1:
        calibration = Calibration.of(Comparisons.of(table.embeddings, persons), loaded.model)
    if calibration is None or calibration.pairs.smallest_fmr > 1:
        raise InputError(
            f"{people.source}: {usable} people with a usable face in {int(table.ok.sum())} photos support no rate at "
            "all; give photos of more people (five at the least, dozens for small rates)"
        )
    return embedded, calibration


def supported_rates(calibration: Calibration) -> list[dict]:
    """The smallest FPIR that can be vouched for, by photos enrolled a person and people enrolled.

    Returns:
        A record for each number of photos that there is a tail for: photos, smallest_fmr, and smallest_fpir by the
        number of people enrolled; None where no rate is supported.
    """
    rows = []
    for photos in sorted({1, *calibration.templates}):
        fmr = calibration.tail(photos).smallest_fmr
        rates = {str(size): None if fmr > 1 else 1 - (1 - fmr) ** size for size in GALLERY_SIZES}
        rows.append({"photos": photos, "smallest_fmr": None if fmr > 1 else fmr, "smallest_fpir": rates})
    return rows
