"""Verification of pairs of photos, in the manner of LFW, failures to acquire included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from faceline.core.errors import InputError
from faceline.evaluation.id_rate import tpr_at_fpr
from faceline.evaluation.lfw import LfwResult, Pair, evaluate
from faceline.evaluation.rates import FEWEST_FALSE_MATCHES
from faceline.pipeline.photo_files import SUFFIXES

FPRS = {"1e-1": 0.1, "1e-2": 0.01, "1e-3": 0.001}


@dataclass(frozen=True)
class Verification:
    """What a list of pairs says of a recogniser.

    Attributes:
        folds: accuracy by the standard protocol, with the threshold of each fold chosen on the others. A pair with a
            failed photo counts as told apart.
        auc: P(a genuine pair scores above an impostor pair), ties half. A failed genuine pair loses every comparison,
            a failed impostor pair takes part in none.
        tpr_at_fpr: ID rate by target; a failed genuine pair is missed. None where under ten false matches would
            decide it.
        pairs, genuine_failed, impostor_failed: counts of pairs.
    """

    folds: LfwResult
    auc: float
    tpr_at_fpr: dict[str, float | None]
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
    for path in sorted(images.rglob("*")):
        if path.suffix.lower() in SUFFIXES:
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
    rates = {
        name: tpr_at_fpr(finite, impostor, fpr)[0] if fpr * len(impostor) >= FEWEST_FALSE_MATCHES else None
        for name, fpr in FPRS.items()
    }
    return Verification(
        folds=evaluate(scores, same, np.array([pair.fold for pair in pairs])),
        auc=_auc(finite, impostor),
        tpr_at_fpr=rates,
        pairs=len(pairs),
        genuine_failed=int((failed & same).sum()),
        impostor_failed=int((failed & ~same).sum()),
    )


def _score(pair: Pair, embeddings: dict[str, np.ndarray]) -> float:
    first, second = embeddings.get(pair.first), embeddings.get(pair.second)
    return float(first @ second) if first is not None and second is not None else np.nan


def _auc(genuine: np.ndarray, impostor: np.ndarray) -> float:
    """The Mann-Whitney statistic."""
    if not len(genuine) or not len(impostor):
        return float("nan")
    ranks = rankdata(np.concatenate([genuine, impostor]))[: len(genuine)]
    return float((ranks.sum() - len(genuine) * (len(genuine) + 1) / 2) / (len(genuine) * len(impostor)))
