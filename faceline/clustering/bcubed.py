"""B-cubed precision and recall of groups (Bagga and Baldwin, LREC 1998; Amigo et al., Information Retrieval 2009)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class BCubed:
    """Figures of each face.

    Attributes:
        precision: (n,) share of the faces of its group that show its person, itself included.
        recall: (n,) share of the faces of its person that are in its group, itself included.
    """

    precision: np.ndarray
    recall: np.ndarray

    def means(self, weights: np.ndarray | None = None) -> tuple[float, float, float]:
        """Mean precision and recall over faces, and their harmonic mean.

        Args:
            weights: (n,) how often each face counts; once where None.
        """
        precision = float(np.average(self.precision, weights=weights))
        recall = float(np.average(self.recall, weights=weights))
        return precision, recall, 2 * precision * recall / (precision + recall)


def b_cubed(groups: Sequence[int] | np.ndarray, people: Sequence | np.ndarray) -> BCubed:
    """Measures groups against people.

    Args:
        groups: (n,) number of each face's group; one below 0 is in no group, which counts as a group of its own.
        people: (n,) labels.

    Raises:
        ValueError: lengths differ.
    """
    groups = np.asarray(groups, int)
    if groups.shape != np.shape(people) or groups.ndim != 1:
        raise ValueError(f"need a group and a person for each face, got {groups.shape} and {np.shape(people)}")
    alone = groups < 0
    groups = np.where(alone, groups.max(initial=0) + 1 + np.arange(len(groups)), groups)
    _, group = np.unique(groups, return_inverse=True)
    _, person = np.unique(np.asarray(people), return_inverse=True)
    _, cell, size = np.unique(np.stack([group, person]), axis=1, return_inverse=True, return_counts=True)
    both = size[cell]
    return BCubed(both / np.bincount(group)[group], both / np.bincount(person)[person])
