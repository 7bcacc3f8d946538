"""Work on blocks of scores in threads: NumPy lets go of the interpreter in products, comparisons and sorts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_info, threadpool_limits

Task = TypeVar("Task")
Result = TypeVar("Result")


def blas_threads() -> int:
    """How many threads matrix products use at present (`OMP_NUM_THREADS` and the like included)."""
    return max((pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"), default=1)


def in_threads(function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
    """Applies `function` to each task and yields the results in the tasks' order, a bounded number ahead.

    As many threads run as a matrix product would use, each with products of one thread: what follows a product
    then runs beside the next one, and a block's bits do not depend on the number of threads.
    """
    workers = blas_threads()
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(workers) as pool:
        ahead: deque = deque()
        for task in tasks:
            ahead.append(pool.submit(function, task))
            if len(ahead) >= 4 * workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
