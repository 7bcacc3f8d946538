import subprocess
import sys

from faceline.imaging.parallel import usable_cores


def test_as_many_as_the_system_allows_this_process():
    assert usable_cores() == int(subprocess.check_output(["nproc"], env={}))


def test_an_affinity_mask_counts():
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
        "from faceline.imaging.parallel import usable_cores; print(usable_cores())"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "1\n"
