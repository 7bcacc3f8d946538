"""One training over several processes: who starts them, and who this one is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from faceline.core.errors import FacelineError, InputError
from faceline.models.runtime import RuntimeParams

if TYPE_CHECKING:
    from accelerate import Accelerator


def must_launch(runtime: RuntimeParams) -> bool:
    """Whether several processes are asked for and this is not yet one of them."""
    return runtime.devices * runtime.nodes > 1 and "RANK" not in os.environ


def launch(module: str, arguments: Sequence[str], runtime: RuntimeParams) -> None:
    """Runs `python -m module arguments` in `runtime.devices` processes of this machine, and waits.

    Raises:
        InputError: several machines are asked for; their processes are started on each of them.
        FacelineError: a process failed; it has said why.
    """
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(runtime.devices)]
    if runtime.nodes > 1:
        shown = f"torchrun --nnodes {runtime.nodes} --nproc-per-node {runtime.devices} --rdzv-backend c10d "
        shown += f"--rdzv-endpoint HOST:PORT -m {module} {' '.join(arguments)}"
        raise InputError(f"runtime.nodes: {runtime.nodes} machines; start this on each of them: {shown}")
    ended = subprocess.run([*command, "--standalone", "-m", module, *arguments], check=False)
    if ended.returncode:
        raise FacelineError(f"{module}: one of {runtime.devices} processes failed; its message stands above")


def join(runtime: RuntimeParams, device: torch.device) -> Accelerator:
    """This process's place among the others.

    Raises:
        InputError: another number of processes was started than `runtime` says.
    """
    from accelerate import Accelerator

    accelerator = Accelerator(cpu=device.type != "cuda", mixed_precision="no")
    wanted = runtime.devices * runtime.nodes
    if accelerator.num_processes != wanted:
        raise InputError(
            f"runtime.devices x runtime.nodes is {wanted}, but {accelerator.num_processes} processes were started"
        )
    return accelerator
