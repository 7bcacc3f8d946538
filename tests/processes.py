"""Runs a script of the tests in several processes on this machine."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run_in_processes(processes, script, *arguments, folder):
    """Runs `script arguments` by torchrun, with the project and the tests importable, and waits for success."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    command = [*launcher, str(script), *map(str, arguments)]
    subprocess.run(command, env=environment, check=True, timeout=900, cwd=folder)
