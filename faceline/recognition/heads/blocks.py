"""Some rows of large matrices at a time, for elementwise work in several operations."""

from collections.abc import Iterator

from torch import Tensor

# entries: float32 blocks of three such matrices stay in the cache of a core from one operation to the next
BLOCK = 1 << 16


def row_blocks(*matrices: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Views of the same rows of each matrix, first to last; a GPU, on which every operation costs a launch, gets all.

    Args:
        matrices: of as many rows each; the first one's columns decide how many rows a block has.
    """
    first = matrices[0]
    rows = max(1, BLOCK * len(first) // first.numel()) if first.numel() and first.device.type == "cpu" else len(first)
    for start in range(0, len(first), max(1, rows)):
        yield tuple(matrix[start : start + rows] for matrix in matrices)
