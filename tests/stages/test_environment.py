"""What a stage's process has in its environment before anything loads torch."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRINT = "import os, stages.check_params; print(os.environ['OMP_WAIT_POLICY'], os.environ['GOMP_SPINCOUNT'])"


@pytest.mark.parametrize(("given", "found"), [({}, "PASSIVE 10000"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE 10000")])
def test_idle_threads_do_not_spin_whoever_starts_the_stage(given, found):
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("OMP_", "GOMP_"))}
    command = [sys.executable, "-c", PRINT]
    printed = subprocess.run(command, cwd=ROOT, env=kept | given, check=True, capture_output=True, text=True)
    assert printed.stdout.split() == found.split()
