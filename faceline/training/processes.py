"""One training over several processes: who starts them, and who this one is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import torch

from faceline.core.errors import FacelineError, InputError
from faceline.models.params import RuntimeParams

if TYPE_CHECKING:
    from accelerate import Accelerator


_PATIENCE = timedelta(hours=12)


def launched(module: str, arguments: Sequence[str], runtime: RuntimeParams) -> bool:
    """Runs `python -m module arguments` in `runtime.devices` processes of this machine, and waits.

    Returns:
        False, having done nothing, where one process is enough or this is one of several already.

    Raises:
        InputError: several machines are asked for; their processes are started on each of them.
        FacelineError: a process failed; it has said why.
    """
    if runtime.devices * runtime.nodes == 1 or "RANK" in os.environ:
        return False
    devices = str(runtime.devices)
    if runtime.nodes > 1:
        shown = f"torchrun --nnodes {runtime.nodes} --nproc-per-node {devices} --rdzv-backend c10d "
        shown += f"--rdzv-endpoint HOST:PORT -m {module} {' '.join(arguments)}"
        raise InputError(
            f"runtime.nodes: {runtime.nodes} machines; start this on each of them: {shown}; then `dvc commit -f` of "
            "the stage, without which `dvc repro` would delete the model and start here again"
        )
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", devices, "--standalone"]
    if subprocess.run([*torchrun, "-m", module, *arguments], check=False).returncode:
        raise FacelineError(f"{module}: one of {devices} processes failed; its message stands above")
    return True


def join(runtime: RuntimeParams, device: torch.device) -> Accelerator:
    """This process's place among the others.

    Raises:
        InputError: another number of processes was started than `runtime` says.
    """
    from accelerate import Accelerator, InitProcessGroupKwargs

    # one process validates while the others wait, longer than torch's ten minutes where there are millions of photos
    patience = InitProcessGroupKwargs(timeout=_PATIENCE)
    accelerator = Accelerator(cpu=device.type != "cuda", mixed_precision="no", kwargs_handlers=[patience])
    wanted, found = runtime.devices * runtime.nodes, accelerator.num_processes
    if found != wanted:
        raise InputError(f"runtime.devices x runtime.nodes is {wanted}, but {found} processes were started")
    return accelerator
