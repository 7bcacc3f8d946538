"""How many processor cores this process may use, and work spread over threads with its order kept."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def usable_cores() -> int:
    """Cores, at least 1: those of its affinity mask, say a container's or `taskset`'s, where the system knows one."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def ordered_map(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int | None = None, ahead: int | None = None
) -> Iterator[Result]:
    """Yields `function(item)` of every item in order, computed by threads.

    The items are taken in the caller's thread. An exception of `function` is raised in its place; then, and when the
    generator is closed, work that has not begun is dropped.

    Args:
        workers: threads, at least 1; by default one per usable core.
        ahead: how many items may be in work or done beyond the one that is asked for; by default 4 per thread.
    """
    workers = max(1, usable_cores() if workers is None else workers)
    ahead = 4 * workers if ahead is None else ahead
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
