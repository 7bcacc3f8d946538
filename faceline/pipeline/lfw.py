"""Pairs files in the manner of LFW, and their ten-fold protocol (Huang et al. 2007, image-restricted).

The file's first line holds the number of folds and of pairs of each kind in a fold; then, fold by fold, the
genuine pairs (`name  first  second`) and the impostor pairs (`name  first  other-name  second`), numbers counted
from 1: photo 7 of Ann_Lee is Ann_Lee/Ann_Lee_0007.jpg.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faceline.core.errors import FacelineError, InputError


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


def parse_pairs(path: Path) -> list[Pair]:
    """Reads a pairs file.

    Raises:
        InputError: no such file, or a line that is not as described above; the message names the line.
    """
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a pairs file ({error})") from None
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
        return Pair(_photo(name, first), _photo(other[0] if other else name, second), same, fold)
    except ValueError:
        raise InputError(f"{path}, line {number}: expected `{shape}`, found `{' '.join(fields)}`") from None


def _photo(name: str, number: str) -> str:
    return f"{name}/{name}_{int(number):04d}"


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
        with np.errstate(invalid="ignore"):
            decided = scores[fold] > threshold
        thresholds.append(threshold)
        accuracies.append(float(np.mean(decided == same[fold])))
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
