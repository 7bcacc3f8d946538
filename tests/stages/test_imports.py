"""Which stages load PyTorch: it takes seconds, so only those do that compute on a device."""

import subprocess
import sys

import pytest

from graph import ROOT, STAGES

ON_A_DEVICE = {stage["script"] for stage in STAGES.values() if "runtime.device" in stage["params"]}
OTHERS = sorted({stage["script"] for stage in STAGES.values()} - ON_A_DEVICE)


@pytest.mark.parametrize("stage", OTHERS)
def test_a_stage_without_a_device_loads_no_torch(stage):
    """Nothing that is as slow as torch either, by its own libraries."""
    code = f"import stages.{stage}, sys; print(*({{'torch', 'torchvision', 'matplotlib'}} & {{*sys.modules}}))"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert ended.stdout.split() == []
