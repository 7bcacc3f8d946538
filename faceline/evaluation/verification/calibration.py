"""The impostor tails of the dev people: thresholds for stated error rates, fixed before any query is seen."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt, ValidationError

from faceline.core.errors import FacelineError, InputError
from faceline.core.files import read_text, write_text
from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.counts import ImpostorCounts
from faceline.evaluation.verification.impostors import ImpostorScores
from faceline.evaluation.verification.order_statistics import LOWEST, largest_impostors
from faceline.evaluation.verification.person_pairs import PersonPairLeaders
from faceline.evaluation.verification.rate import MIN_FALSE_MATCHES, MIN_PERSON_PAIRS
from faceline.evaluation.verification.score_tail import UNSUPPORTED, ScoreTail, stored_ranks
from faceline.evaluation.verification.template_tails import SearchKind, template_tail

TEMPLATE_PHOTOS = (2, 3, 4, 6, 8, 12, 16, 24)


class Calibration(BaseModel):
    """What the dev people say of a recogniser's scores.

    Attributes:
        model: SHA-256 of the model file that made the scores.
        people, photos: of the dev people.
        pairs: the tail of a photo against a photo.
        templates: the tail of a photo against the mean of so many photos, for some numbers of photos.
        nearest: the tail of a photo against the nearest of so many photos, for the same numbers; files written before
            there were any hold none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    people: NonNegativeInt
    photos: NonNegativeInt
    pairs: ScoreTail
    templates: dict[PositiveInt, ScoreTail] = {}
    nearest: dict[PositiveInt, ScoreTail] = {}

    @classmethod
    def of(cls, dev: Comparisons, model: str = "", block_mb: float = 256, seed: int = 1) -> Calibration:
        """From all comparisons of different dev people, at any size, without holding the scores.

        Raises:
            FacelineError: fewer than two people have an embedding.
        """

        def tails(search: SearchKind) -> dict[int, ScoreTail]:
            held = {photos: template_tail(dev, photos, seed, search) for photos in TEMPLATE_PHOTOS}
            return {photos: tail for photos, tail in held.items() if tail is not None}

        return cls(
            model=model,
            people=int((dev.photos > 0).sum()),
            photos=len(dev.query),
            pairs=pair_tail(dev, block_mb, seed),
            templates=tails("mean"),
            nearest=tails("nearest"),
        )

    def tails(self, search: SearchKind = "mean") -> dict[int, ScoreTail]:
        """The tails for a kind of search, by the number of photos of a person, ascending from 1.

        Raises:
            InputError: the file was written before there were tails for it.
        """
        if search == "nearest" and self.templates and not self.nearest:
            raise InputError(
                "the calibration was made before there was a search by the nearest photo: make it again, or use "
                "--search mean"
            )
        return {1: self.pairs, **(self.templates if search == "mean" else self.nearest)}

    def most_photos(self, search: SearchKind = "mean") -> int:
        """The largest number of photos that there is a tail for."""
        return max(self.tails(search))

    def tail(self, photos: int, search: SearchKind = "mean") -> ScoreTail:
        """The tail for a person enrolled with so many photos: that of the next number of photos that is held.

        More photos give larger impostor scores, so this errs towards fewer false matches; only a person with more
        photos than any that is held takes the largest.
        """
        held = self.tails(search)
        return held[min((size for size in held if size >= photos), default=max(held))]

    def supports(self, fmr: float, photos: Iterable[int], search: SearchKind = "mean") -> bool:
        """Whether all tails for these numbers of photos support an FMR."""
        return all(self.tail(one, search).supports(fmr) for one in {*photos} or {1})

    def smallest_fmr(self, photos: Iterable[int], search: SearchKind = "mean") -> float:
        """The smallest FMR that all tails for these numbers of photos support; over 1 where one supports none."""
        return max((self.tail(one, search).smallest_fmr for one in photos), default=self.pairs.smallest_fmr)

    def write(self, path: Path) -> None:
        """Writes JSON, every threshold with all its digits."""
        write_text(path, self.model_dump_json(indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Calibration:
        """Reads what `write` wrote.

        Raises:
            InputError: no such file, or not a calibration.
        """
        hint = "`dvc repro evaluate_recognition` writes it"
        text = read_text(path, hint)
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            problem = " ".join(filter(None, [".".join(map(str, first["loc"])), first["msg"][:200]]))
            raise InputError(f"{path}: cannot be read as a calibration ({problem}); {hint}") from None


def pair_tail(dev: Comparisons, block_mb: float = 256, seed: int = 1) -> ScoreTail:
    """The tail of all pairs of photos of different people, exact at every threshold that it holds.

    Exact but for what `block_mb` does to the last bits of scores: see `ImpostorScores`.

    Raises:
        FacelineError: fewer than two people have an embedding.
    """
    total = dev.negative_pairs
    if not total:
        raise FacelineError("calibration: no two dev people have an embedding each; nothing to set a threshold on")
    ranks = stored_ranks(total)
    scores = ImpostorScores(dev, block_mb)
    leaders = PersonPairLeaders(dev, MIN_PERSON_PAIRS)
    thresholds, _ = largest_impostors(scores, ranks, seed, [leaders])
    smallest = UNSUPPORTED
    if leaders.floor > LOWEST:
        # the tenth pair of people passes a threshold just below its largest score
        counts = ImpostorCounts(np.array([np.nextafter(np.float32(leaders.floor), np.float32(-np.inf))]))
        scores.show([counts])
        smallest = max(MIN_FALSE_MATCHES, int(counts.above[0])) / total
    return ScoreTail(
        comparisons=total,
        smallest_fmr=smallest,
        thresholds=tuple(map(float, thresholds)),
        false_matches=tuple(map(int, ranks)),
    )


def fmr_for_fpir(fpir: float, gallery_size: int) -> float:
    """FMR = 1 - (1 - FPIR)^(1/N): N independent comparisons falsely match at least once with probability FPIR.

    Comparisons of one probe are not independent: a face that is like one stranger is often like others, and false
    matches then fall on fewer searches. That alone makes the FPIR smaller than stated (Jensen's inequality, where
    comparisons are independent given the probe). That thresholds come from a sample of people moves it either way.

    Raises:
        InputError: `fpir` is not in 0..1 or the gallery is empty.
    """
    if not 0 < fpir < 1 or gallery_size < 1:
        raise InputError(f"need an FPIR between 0 and 1 and a gallery of at least 1 (got {fpir} and {gallery_size})")
    return float(-np.expm1(np.log1p(-fpir) / gallery_size))
