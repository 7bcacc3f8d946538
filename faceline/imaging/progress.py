"""Progress with rate and time left on stderr, and nothing where stderr is no terminal."""

from collections.abc import Iterable
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")


def track(items: Iterable[Item], what: str, total: int | None = None, unit: str = "photo") -> tqdm:
    """Wraps `items`; `disable=None` is tqdm's own test for a terminal."""
    return tqdm(items, desc=what, total=total, unit=f" {unit}", disable=None, leave=False, smoothing=0.1)
