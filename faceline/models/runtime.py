"""Device, threads and seeds: what makes the same params give the same bytes."""

import logging
import os
import random
from typing import ClassVar, Literal

import numpy as np
import torch
from pydantic import ConfigDict

from faceline.core.errors import InputError
from faceline.core.params import Count, Group, Positive
from faceline.imaging.parallel import usable_cores

log = logging.getLogger(__name__)


class RuntimeParams(Group):
    """How nets use the machine; no result depends on `workers`. The group's engine is no concern of a net."""

    model_config = ConfigDict(extra="ignore")
    key: ClassVar[str] = "runtime"
    device: Literal["auto", "cpu", "cuda"]
    threads: Count
    workers: Count
    devices: Positive
    nodes: Positive


def prepare(runtime: RuntimeParams) -> torch.device:
    """Sets threads and deterministic algorithms; returns the device. InputError: cuda is asked for and not there."""
    if runtime.threads:
        torch.set_num_threads(_fitting(runtime.threads))
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    # filling every new tensor guards against reading what was never written, and costs a fifth of the speed
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # torch adds it at import
    torch.backends.cudnn.benchmark = False
    available = torch.cuda.is_available()
    if runtime.device == "cuda" and not available:
        raise InputError("runtime.device: cuda asked for, but torch sees no GPU; use auto or cpu")
    if runtime.device == "cpu" or not available:
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


def _fitting(threads: int) -> int:
    """As many threads as there are cores for, when each process of this machine takes as many.

    Threads that share a core wait for each other at every operation: training then takes many times as long.
    """
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))  # set by torchrun
    cores = usable_cores()
    if threads * processes <= cores:
        return threads
    fitting = max(1, cores // processes)
    log.warning(
        f"runtime.threads is {threads}: {threads * processes} threads on {cores} usable cores wait for each other, "
        f"which can take many times as long; {fitting} used"
    )
    return fitting


def seed_everything(seed: int) -> None:
    """Seeds python, numpy and torch: weights are drawn from these."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - libraries that know no generators draw from it
    torch.manual_seed(seed)
