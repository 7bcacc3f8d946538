"""Batches as tasks of a Ray cluster.

Ray gives a task to whichever machine has cores free, and gives it out again when its process or machine is lost. What
the work holds, nets above all, is opened once in each process and kept for its next batches.
"""

import logging
import os
import socket
from collections import deque
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from threading import Thread
from typing import Any

import ray
from ray import cloudpickle
from ray.exceptions import RayError, RayTaskError
from tqdm import tqdm

from faceline.core.errors import FacelineError, InputError
from faceline.engines.engine import Engine, Input, Read, Result, Work, batches_of, in_batches
from faceline.imaging.progress import track

ADDRESS = "RAY_ADDRESS"
_WAYS = "HOST:PORT of its head, `auto` for one that runs on this machine, or `local` to start one here"
JOIN_S = 120
# variables that numerical libraries read once, when they are loaded
_THREADS = ("OMP_", "GOMP_", "MKL_", "OPENBLAS_")


class RayEngine(Engine):
    """Works on the cluster that the variable `RAY_ADDRESS` names, of which this machine is a part."""

    def __init__(self, workers: int, cores: int, gpu: bool, start: Callable[[], object] | None) -> None:
        """Arguments as for `open_engine`.

        Raises:
            InputError: there is no such cluster, or none of its machines is large enough for a batch.
        """
        _connect()
        self._workers, self._start = workers, start
        self._cores, self._gpus = max(1, cores), int(gpu)
        machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        self._at_once = sum(map(self._room, machines))
        if not self._at_once:
            needed = f"{self._cores} cores" + (" and a GPU" if gpu else "")
            raise InputError(f"{ADDRESS}: no machine of this Ray cluster has {needed}, which one batch takes")

    def map(self, work: Work[Input, Read, Result], rows: int, size: int) -> Iterator[tuple[range, Result]]:
        threads = {name: value for name, value in os.environ.items() if name.startswith(_THREADS)}
        held = ray.put((Path.cwd(), threads, cloudpickle.dumps((self._start, work))))
        task = ray.remote(num_cpus=self._cores, num_gpus=self._gpus)(_finish)

        under_way: deque[tuple[range, ray.ObjectRef]] = deque()
        with track((), work.what, rows, work.unit) as progress:
            try:
                for batch in batches_of(range(rows), size):
                    under_way.append((batch, task.remote([held], batch, self._workers)))
                    if len(under_way) > 2 * self._at_once:  # so many that no process waits for its next batch
                        yield _first_of(under_way, progress)
                while under_way:
                    yield _first_of(under_way, progress)
            finally:
                for _, result in under_way:
                    ray.cancel(result)

    def _room(self, machine: dict[str, float]) -> int:
        """How many batches a machine with these resources can work on at once."""
        room = int(machine.get("CPU", 0) // self._cores)
        return min(room, int(machine.get("GPU", 0))) if self._gpus else room


def _first_of(under_way: deque[tuple[range, ray.ObjectRef]], progress: tqdm) -> tuple[range, Any]:
    """Takes the first batch out, and waits for its result."""
    batch, result = under_way.popleft()
    try:
        found = ray.get(result)
    except RayTaskError as error:  # the work raised it
        raise error.cause from None
    except RayError as error:
        problem = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        raise FacelineError(f"Ray gave up on rows {batch.start} to {batch.stop - 1} ({problem})") from None
    progress.update(len(batch))
    return batch, found


def _finish(held: list[ray.ObjectRef], batch: range, workers: int) -> object:
    """A batch's result, computed in a process of the cluster; `held` is in a list, for Ray to hand it on unopened."""
    ((_, result),) = in_batches(_opened(held[0]), batch, len(batch), workers)
    return result


@lru_cache(maxsize=1)
def _opened(held: ray.ObjectRef) -> Work:
    """The work as this process has it."""
    folder, threads, pickled = ray.get(held)
    try:
        os.chdir(folder)  # paths mean what they mean in the stage's own process
    except OSError as error:
        raise InputError(
            f"{folder}: not seen by {socket.gethostname()} of the Ray cluster ({error.strerror}); all its machines "
            "need the working tree at the same place"
        ) from None
    os.environ.update(threads)
    start, work = cloudpickle.loads(pickled)
    if start is not None:
        start()
    return work


def _connect() -> None:
    """Joins the cluster, once in a process."""
    if ray.is_initialized():
        return
    address = os.environ.get(ADDRESS, "")
    if not address:
        raise InputError(f"runtime.engine: ray needs a cluster, named by the variable {ADDRESS}: {_WAYS}")
    _refuse_silent(address)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere unless it is asked for
    failures: list[Exception] = []

    def join() -> None:
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, include_dashboard=False)
        except Exception as error:  # errors of every kind, down to a bare Exception
            failures.append(error)

    joining = Thread(target=join, daemon=True)
    if address == "local":
        join()  # what it starts ends with the thread that started it
    else:
        joining.start()
        joining.join(JOIN_S)  # Ray itself tries for ever to reach what listens and is no head of a cluster
    if failures or joining.is_alive():
        problem = " ".join(str(failures[0]).split())[:300] if failures else f"no answer within {JOIN_S} s"
        raise InputError(f"{ADDRESS}={address}: no Ray cluster can be had there ({problem}); it is {_WAYS}")


def _refuse_silent(address: str) -> None:
    """Raises InputError where nobody listens, without Ray's own lines about every try."""
    host, _, port = address.rpartition(":")
    if not (host and port.isdigit()):
        return
    try:
        socket.create_connection((host, int(port)), JOIN_S).close()
    except (OSError, OverflowError) as error:
        raise InputError(f"{ADDRESS}={address}: nobody answers there ({error}); it is {_WAYS}") from None
