"""The impostor tail of the dev people: thresholds for a stated false match rate, fixed before any query is seen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from faceline.core.errors import FacelineError, InputError
from faceline.core.files import read_json, write_text
from faceline.evaluation.scores.rates import allowed_false_matches
from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.counts import ImpostorCounts
from faceline.evaluation.verification.impostors import ImpostorScores
from faceline.evaluation.verification.order_statistics import LOWEST, largest_impostors
from faceline.evaluation.verification.person_pairs import PersonPairLeaders
from faceline.evaluation.verification.rate import MIN_FALSE_MATCHES, MIN_PERSON_PAIRS

STEPS = 400
EXACT_FMRS = (0.5, 0.2, 0.1, 0.05, 0.01, 0.005, 0.001, 1e-4, 1e-5, 1e-6)


@dataclass(frozen=True)
class Calibration:
    """FMR and threshold of the dev people's impostor pairs, thinned.

    Attributes:
        model: SHA-256 of the model file that made the scores.
        people, photos: of the dev people.
        impostor_pairs: comparisons of different people.
        smallest_fmr: the smallest FMR with ten false matches from ten pairs of people; below it a threshold would
            rest on too few. Over 1 where there is no such FMR.
        thresholds: cosine similarities, descending.
        false_matches: how many impostor pairs lie strictly above each threshold, at most; ascending.
    """

    model: str
    people: int
    photos: int
    impostor_pairs: int
    smallest_fmr: float
    thresholds: tuple[float, ...]
    false_matches: tuple[int, ...]

    @classmethod
    def from_comparisons(cls, dev: Comparisons, model: str = "", block_mb: float = 256, seed: int = 1) -> Calibration:
        """From all comparisons of different dev people, at any size, without holding the scores.

        Raises:
            FacelineError: fewer than two people have an embedding.
        """
        total = dev.negative_pairs
        if not total:
            raise FacelineError(
                "calibration: no two dev people have an embedding each; nothing to set a threshold on"
            )
        ranks = _ranks(total)
        scores = ImpostorScores(dev, block_mb)
        leaders = PersonPairLeaders(dev, MIN_PERSON_PAIRS)
        thresholds, _ = largest_impostors(scores, ranks, seed, [leaders])
        smallest = 2.0
        if leaders.floor > LOWEST:
            # the tenth pair of people passes a threshold just below its largest score
            counts = ImpostorCounts([np.nextafter(np.float32(leaders.floor), np.float32(-np.inf))])
            scores.show([counts])
            smallest = max(MIN_FALSE_MATCHES, int(counts.above[0])) / total
        return cls(
            model,
            int((dev.photos > 0).sum()),
            len(dev.query),
            total,
            smallest,
            tuple(map(float, thresholds)),
            tuple(map(int, ranks)),
        )

    def supports(self, fmr: float) -> bool:
        """Whether the dev people give ten false matches from ten pairs of people at this FMR."""
        return self.smallest_fmr * (1 - 1e-9) <= fmr <= 1

    def threshold(self, fmr: float) -> float:
        """The threshold at which at most this share of dev impostor pairs lies strictly above.

        Between two stored points the higher threshold is taken, which errs towards fewer false matches.

        Raises:
            InputError: the dev people are too few for this FMR.
        """
        if not self.supports(fmr):
            raise InputError(
                f"false match rate {fmr:.3g}: the calibration's {self.people} dev people support "
                f"{self.smallest_fmr:.3g} to 1; ask for a rate in that range or calibrate on more people"
            )
        allowed = allowed_false_matches(fmr, self.impostor_pairs)
        return self.thresholds[int(np.searchsorted(self.false_matches, allowed, side="right")) - 1]

    def fmr(self, threshold: float) -> float:
        """The share of dev impostor pairs above a threshold, at most; never less than what is supported."""
        reached = np.searchsorted(-np.asarray(self.thresholds), -threshold)  # the first stored one not above it
        matches = self.false_matches[reached] if reached < len(self.false_matches) else self.impostor_pairs
        return min(1.0, max(matches / self.impostor_pairs, self.smallest_fmr))

    def threshold_for_fpir(self, fpir: float, gallery_size: int) -> float:
        """The threshold at which a search among `gallery_size` people by someone who is not there finds a name
        in this share of cases.

        Raises:
            InputError: the dev people are too few for the FMR that this takes.
        """
        return self.threshold(fmr_for_fpir(fpir, gallery_size))

    def write(self, path: Path) -> None:
        """Writes JSON, every threshold with all its digits."""
        write_text(path, json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Calibration:
        """Reads what `write` wrote.

        Raises:
            InputError: no such file, or not a calibration.
        """
        try:
            fields = read_json(path)
            sequences = {key: tuple(fields.pop(key)) for key in ("thresholds", "false_matches")}
            return cls(**fields, **sequences)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{path}: cannot be read as a calibration ({error}); run `dvc repro evaluate_recognition`"
            ) from None


def fmr_for_fpir(fpir: float, gallery_size: int) -> float:
    """FMR = 1 - (1 - FPIR)^(1/N): N independent comparisons falsely match at least once with probability FPIR.

    Raises:
        InputError: `fpir` is not in 0..1 or the gallery is empty.
    """
    if not 0 < fpir < 1 or gallery_size < 1:
        raise InputError(f"need an FPIR between 0 and 1 and a gallery of at least 1 (got {fpir} and {gallery_size})")
    return float(-np.expm1(np.log1p(-fpir) / gallery_size))


def _ranks(total: int) -> Sequence[int]:
    steps = np.geomspace(1, total, STEPS).astype(int)
    exact = [allowed_false_matches(fmr, total) for fmr in EXACT_FMRS]
    return sorted({0, *(rank for rank in steps.tolist() if rank < total), *exact})
