"""Progress of the tool's long verbs: a bar on a terminal, and elsewhere a line of the log now and then."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from tqdm import tqdm

from faceline.imaging import progress

Item = TypeVar("Item")
EVERY_S = 10.0

log = logging.getLogger(__name__)


def track(
    items: Sequence[Item], what: str, unit: str = "photo", clock: Callable[[], float] = time.monotonic
) -> Iterator[Item]:
    """Wraps `items`; both ways show the rate and the time left.

    Args:
        clock: seconds, for tests.
    """
    bar = progress.track(items, what, unit=unit)
    if not bar.disable:
        yield from bar
        return
    start = said = clock()
    for done, item in enumerate(items):
        yield item
        now = clock()
        if now - said >= EVERY_S:
            said, rate = now, (done + 1) / (now - start)
            left = tqdm.format_interval((len(items) - done - 1) / rate)
            log.info("%s: %d of %d %ss, %.3g a second, %s left", what, done + 1, len(items), unit, rate, left)
