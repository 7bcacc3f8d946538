"""Verification of pairs of photos, in the manner of LFW, failures to acquire included."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faceline.core.errors import InputError
from faceline.evaluation.scores.rates import area_under_roc, tpr_at_fpr
from faceline.evaluation.verification.rate import Rate, label, too_few
from faceline.pipeline.lfw import LfwResult, Pair, evaluate
from faceline.pipeline.photo_files import photos_below

FPRS = (0.1, 0.01, 0.001)


@dataclass(frozen=True)
class Verification:
    """What a list of pairs says of a recogniser.

    Attributes:
        folds: accuracy by the standard protocol, with the threshold of each fold chosen on the others. A pair with a
            failed photo counts as told apart.
        auc: P(a genuine pair scores above an impostor pair), ties half. A failed genuine pair loses every comparison,
            a failed impostor pair takes part in none.
        id_rates: one a target, `tpr_at_fpr_1e-2` and so on; a failed genuine pair is missed. None, with a reason,
            where under ten false matches, or those of under ten pairs of people, would decide it.
        pairs, genuine_failed, impostor_failed: counts of pairs.
    """

    folds: LfwResult
    auc: float
    id_rates: list[Rate]
    pairs: int
    genuine_failed: int
    impostor_failed: int


def locate(pairs: Sequence[Pair], images: Path) -> dict[str, Path]:
    """The file of every photo that the pairs name, which they do without its type.

    Raises:
        InputError: a photo is missing, or there are two of that name.
    """
    if not images.is_dir():
        raise InputError(f"{images}: no such folder of photos")
    files: dict[str, list[Path]] = {}
    for path in photos_below(images):
        files.setdefault(path.relative_to(images).with_suffix("").as_posix(), []).append(path)
    located = {}
    for name in sorted({name for pair in pairs for name in (pair.first, pair.second)}):
        found = files.get(name, [])
        if len(found) != 1:
            raise InputError(f"{images / name}: {'no such photo' if not found else 'two photos of this name'}")
        located[name] = found[0]
    return located


def verify_pairs(pairs: Sequence[Pair], embeddings: dict[str, np.ndarray]) -> Verification:
    """Scores pairs by the cosine of their embeddings.

    Args:
        embeddings: unit vectors by photo; photos without a face are absent.

    Raises:
        FacelineError: under two folds, or no scores of one kind.
    """
    scores = np.array([_score(pair, embeddings) for pair in pairs])
    same = np.array([pair.same for pair in pairs])
    failed = np.isnan(scores)
    genuine = np.where(failed[same], -np.inf, scores[same])
    impostor = scores[~same & ~failed]
    finite = np.where(np.isfinite(genuine), genuine, -2.0)  # below every cosine
    people = [frozenset((_person(pair.first), _person(pair.second))) for pair in pairs]
    impostor_people = [names for names, counts in zip(people, ~same & ~failed, strict=True) if counts]
    return Verification(
        folds=evaluate(scores, same, np.array([pair.fold for pair in pairs])),
        auc=area_under_roc(finite, impostor),
        id_rates=[_id_rate(finite, impostor, impostor_people, fpr) for fpr in FPRS],
        pairs=len(pairs),
        genuine_failed=int((failed & same).sum()),
        impostor_failed=int((failed & ~same).sum()),
    )


def _score(pair: Pair, embeddings: dict[str, np.ndarray]) -> float:
    first, second = embeddings.get(pair.first), embeddings.get(pair.second)
    return float(first @ second) if first is not None and second is not None else np.nan


def _person(photo: str) -> str:
    """LFW's folders are people."""
    return photo.rpartition("/")[0]


def _id_rate(genuine: np.ndarray, impostor: np.ndarray, people: Sequence[frozenset[str]], fpr: float) -> Rate:
    """`people`: the two of each impostor pair."""
    name = f"tpr_at_fpr_{label(fpr)}"
    reason = too_few(fpr, len(impostor))
    if not reason:
        tpr, threshold = tpr_at_fpr(genuine, impostor, fpr)
        matched = {pair for pair, score in zip(people, impostor, strict=True) if score > threshold}
        reason = too_few(fpr, len(impostor), len(matched))
    return Rate(name, None, reason=reason) if reason else Rate(name, tpr, threshold=threshold)
