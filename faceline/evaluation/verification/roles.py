"""From a table of embeddings to comparisons, and the checks that keep a broken model from getting a figure."""

import numpy as np

from faceline.core.errors import FacelineError, InputError
from faceline.evaluation.embeddings.table import EmbeddingTable
from faceline.evaluation.verification.comparisons import Comparisons

QUERY, DISTRACTOR, DEV, TRAIN = "query", "distractor", "dev", "train"
UNIT_TOLERANCE = 1e-3
COLLAPSED = 1e-6  # 1 - cosine to the mean direction: rounding alone gives 1e-7


def rows_of(table: EmbeddingTable, role: str) -> np.ndarray:
    """Positions of a role's photos."""
    return np.flatnonzero((table.rows["role"] == role).to_numpy())


def query_comparisons(table: EmbeddingTable) -> Comparisons:
    """Query photos with each other and with the distractors; positions refer to `rows_of` of either role.

    Raises:
        InputError: no query photos, fewer than two query people, or none of them has two photos.
        FacelineError: embeddings that are not finite, not of unit length or all the same; or no two people, or no two
            photos of one, have an embedding.
    """
    comparisons = _comparisons(table, QUERY, rows_of(table, DISTRACTOR))
    if not comparisons.positive_pairs:
        raise InputError("role query: no person has two photos; raise filter.roles.query.min_photos to 2 or more")
    return comparisons


def dev_comparisons(table: EmbeddingTable) -> Comparisons:
    """Dev photos with each other.

    Raises:
        InputError, FacelineError: as `query_comparisons`, but one photo a person will do.
    """
    return _comparisons(table, DEV, np.empty(0, int))


def _comparisons(table: EmbeddingTable, role: str, distractors: np.ndarray) -> Comparisons:
    rows = rows_of(table, role)
    persons = table.rows["person"].to_numpy()
    if len(np.unique(persons[rows])) < 2:
        people = len(np.unique(persons[rows]))
        raise InputError(
            f"role {role}: {len(rows)} photos of {people} people; comparing takes two people or more: "
            f"raise filter.roles.{role}.people"
        )
    check_embeddings(table.embeddings[rows], table.ok[rows], f"role {role}")
    if len(distractors):
        check_embeddings(table.embeddings[distractors], table.ok[distractors], "role distractor", spread=False)
    try:
        comparisons = Comparisons.of(
            table.embeddings[rows], persons[rows], table.embeddings[distractors], persons[distractors]
        )
    except ValueError as error:
        raise InputError(f"role {role}: {error}") from None
    if not comparisons.negative_pairs:
        raise FacelineError(
            f"role {role}: no two people have an embedding; see data/aligned/_rejected.csv for reasons"
        )
    return comparisons


def check_embeddings(embeddings: np.ndarray, ok: np.ndarray, what: str, spread: bool = True) -> None:
    """Makes sure that embeddings can be compared.

    Args:
        embeddings: (n, dim).
        ok: (n,) bool, which rows hold one; the others must be NaN.
        spread: whether embeddings that are all the same are an error.

    Raises:
        FacelineError: a row that should hold an embedding is not finite or not of unit length, or all are the same.
    """
    held = embeddings[ok]
    broken = int((~np.isfinite(held)).any(axis=1).sum())
    if broken:
        raise FacelineError(f"{what}: {broken} of {len(held)} embeddings are not finite; the training has diverged")
    lengths = np.linalg.norm(held, axis=1)
    if len(held) and np.abs(lengths - 1).max() > UNIT_TOLERANCE:
        raise FacelineError(f"{what}: embeddings have lengths {lengths.min():.3g} to {lengths.max():.3g}, not 1")
    if spread and len(held) > 1:
        mean = held.mean(axis=0, dtype=float)
        mean /= max(np.linalg.norm(mean), 1e-12)
        if 1 - (held @ mean).min() < COLLAPSED:
            raise FacelineError(f"{what}: all {len(held)} photos have the same embedding; the model has collapsed")
