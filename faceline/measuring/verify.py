"""Verification of pairs of photos in the manner of LFW, failures to acquire included: pairs files, and their
ten-fold protocol (Huang et al. 2007, image-restricted).

The file's first line holds the number of folds and of pairs of each kind in a fold; then, fold by fold, the
genuine pairs (`name  first  second`) and the impostor pairs (`name  first  other-name  second`), numbers counted
from 1: photo 7 of Ann_Lee is Ann_Lee/Ann_Lee_0007.jpg.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faceline.core.errors import FacelineError, InputError
from faceline.core.files import read_text
from faceline.evaluation.scores.rates import area_under_roc, tpr_at_fpr
from faceline.evaluation.verification.rate import Rate, label, too_few
from faceline.pipeline.photo_files import photos_below

FPRS = (0.1, 0.01, 0.001)


@dataclass(frozen=True)
class Pair:
    """Two photos, by path below the folder of images (without a file type), and whether they show one person."""

    first: str
    second: str
    same: bool
    fold: int


@dataclass(frozen=True)
class LfwResult:
    """Accuracy over folds.

    Attributes:
        accuracy: mean over folds of the share of pairs decided rightly, 0..1.
        standard_error: of that mean: the folds' standard deviation over the root of their number.
        thresholds: what each fold was decided with, chosen on the others.
        accuracies: of each fold.
    """

    accuracy: float
    standard_error: float
    thresholds: tuple[float, ...]
    accuracies: tuple[float, ...]


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


def parse_pairs(path: Path) -> list[Pair]:
    """Reads a pairs file.

    Raises:
        InputError: no such file, or a line that is not as described above; the message names the line.
    """
    lines = read_text(path, "expected pairs in the form of LFW's pairs.txt").splitlines()
    folds, each = _header(path, lines)
    body = [(number, line.split()) for number, line in enumerate(lines[1:], 2) if line.strip()]
    if len(body) != 2 * folds * each:
        raise InputError(
            f"{path}: the first line announces {folds} folds of {each} genuine and {each} impostor pairs, "
            f"{2 * folds * each} lines, but {len(body)} follow"
        )
    return [
        _pair(path, number, fields, index // (2 * each), index % (2 * each) < each)
        for index, (number, fields) in enumerate(body)
    ]


def _header(path: Path, lines: list[str]) -> tuple[int, int]:
    try:
        numbers = [int(field) for field in lines[0].split()]
    except (IndexError, ValueError):
        numbers = []
    if len(numbers) == 1:  # LFW's development files: one fold
        numbers = [1, *numbers]
    if len(numbers) != 2 or min(numbers) < 1:
        raise InputError(
            f"{path}, line 1: expected the number of folds and of pairs of each kind in a fold, as `10 300`"
        )
    return numbers[0], numbers[1]


def _pair(path: Path, number: int, fields: list[str], fold: int, same: bool) -> Pair:
    shape = "name first second" if same else "name first other-name second"
    try:
        name, first, *other, second = fields
        if len(other) != (0 if same else 1):
            raise ValueError
        other_name = other[0] if other else name
        one, two = (f"{who}/{who}_{int(which):04d}" for who, which in ((name, first), (other_name, second)))
        return Pair(one, two, same, fold)
    except ValueError:
        raise InputError(f"{path}, line {number}: expected `{shape}`, found `{' '.join(fields)[:200]}`") from None


def evaluate(scores: np.ndarray, same: np.ndarray, folds: np.ndarray) -> LfwResult:
    """The standard protocol: every fold is decided at the threshold that is most accurate on the other folds.

    Args:
        scores: (n,) similarities; NaN where a photo gave no face: such a pair counts as told apart, which is
            wrong for a genuine pair, and takes no part in choosing a threshold.
        same: (n,) bool, whether the pair shows one person.
        folds: (n,) numbers of the folds.

    Raises:
        FacelineError: fewer than two folds, or the other folds of one hold no scores.
    """
    scores, same, folds = np.asarray(scores, float), np.asarray(same, bool), np.asarray(folds)
    numbers = np.unique(folds)
    if len(numbers) < 2:
        raise FacelineError("the fold protocol needs at least two folds: a threshold is chosen on the others")
    thresholds, accuracies = [], []
    for number in numbers:
        fold = folds == number
        threshold = best_threshold(scores[~fold], same[~fold])
        thresholds.append(threshold)
        accuracies.append(float(np.mean((scores[fold] > threshold) == same[fold])))
    error = float(np.std(accuracies, ddof=1) / np.sqrt(len(accuracies)))
    return LfwResult(float(np.mean(accuracies)), error, tuple(thresholds), tuple(accuracies))


def best_threshold(scores: np.ndarray, same: np.ndarray) -> float:
    """The threshold with the most right decisions (same when strictly above): midway between two neighbouring
    scores, and of several equally good ones the middle one.

    Raises:
        FacelineError: no scores.
    """
    known = ~np.isnan(scores)
    if not known.any():
        raise FacelineError("no scores to choose a threshold on: no pair has a face in both photos")
    order = np.argsort(scores[known], kind="stable")
    ordered, genuine = scores[known][order], same[known][order]
    # cut k calls the k lowest scores different; a cut between equal scores is none
    right = np.append(0, np.cumsum(~genuine)) + genuine.sum() - np.append(0, np.cumsum(genuine))
    possible = np.concatenate([[True], np.diff(ordered) > 0, [True]])
    best = np.flatnonzero(possible & (right == right[possible].max()))
    cut = int(best[len(best) // 2])
    if cut == 0:
        return float(np.nextafter(ordered[0], -np.inf))
    if cut == len(ordered):
        return float(ordered[-1])
    return float((ordered[cut - 1] + ordered[cut]) / 2)


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
            raise InputError(
                f"{str(images / name)[:300]}: {'no such photo' if not found else 'two photos of this name'}"
            )
        located[name] = found[0]
    return located


def verify_pairs(pairs: Sequence[Pair], embeddings: dict[str, np.ndarray]) -> Verification:
    """Scores pairs by the cosine of their embeddings.

    Args:
        embeddings: unit vectors by photo; photos without a face are absent.

    Raises:
        FacelineError: as for `verify_scores`.
    """
    return verify_scores(
        np.array([_score(pair, embeddings) for pair in pairs]),
        np.array([pair.same for pair in pairs]),
        np.array([pair.fold for pair in pairs]),
        # LFW's folders are people
        [frozenset(photo.rpartition("/")[0] for photo in (pair.first, pair.second)) for pair in pairs],
    )


def verify_scores(
    scores: np.ndarray, same: np.ndarray, folds: np.ndarray, people: Sequence[Hashable]
) -> Verification:
    """What (n,) cosines of pairs say; NaN where a photo gave no face.

    Args:
        same, folds: as `evaluate` takes them.
        people: (n) who the two of each pair are; where nobody knows, something different for each pair.

    Raises:
        FacelineError: under two folds, or no score of different people; failed pairs of one person count as misses.
    """
    failed = np.isnan(scores)
    genuine = np.where(failed[same], -np.inf, scores[same])
    impostor = scores[~same & ~failed]
    if not len(impostor):
        raise FacelineError(
            "no pair of different people has a face in both photos: nothing can be said of false matches"
        )
    finite = np.where(np.isfinite(genuine), genuine, -2.0)  # below every cosine
    impostor_people = [names for names, counts in zip(people, ~same & ~failed, strict=True) if counts]
    return Verification(
        folds=evaluate(scores, same, folds),
        auc=area_under_roc(finite, impostor),
        id_rates=[_id_rate(finite, impostor, impostor_people, fpr) for fpr in FPRS],
        pairs=len(scores),
        genuine_failed=int((failed & same).sum()),
        impostor_failed=int((failed & ~same).sum()),
    )


def _score(pair: Pair, embeddings: dict[str, np.ndarray]) -> float:
    first, second = embeddings.get(pair.first), embeddings.get(pair.second)
    return float(first @ second) if first is not None and second is not None else np.nan


def _id_rate(genuine: np.ndarray, impostor: np.ndarray, people: Sequence[Hashable], fpr: float) -> Rate:
    """`people`: the two of each impostor pair."""
    name = f"tpr_at_fpr_{label(fpr)}"
    reason = too_few(fpr, len(impostor))
    if not reason:
        tpr, threshold = tpr_at_fpr(genuine, impostor, fpr)
        matched = {pair for pair, score in zip(people, impostor, strict=True) if score > threshold}
        reason = too_few(fpr, len(impostor), len(matched))
    return Rate(name, None, reason=reason) if reason else Rate(name, tpr, threshold=threshold)
