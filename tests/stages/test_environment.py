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


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is told to keep memory")
def test_arrays_are_made_in_memory_that_was_used_before():
    """Ten rounds of four arrays, each of 2048 pages, of which the system fills those that it has been given back."""
    code = """
import resource, stages
import numpy as np
def rounds(count):
    for _ in range(count):
        [np.ones(2**20) for _ in range(4)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
print(-rounds(1) + rounds(10))
"""
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert int(printed.stdout) < 4000
