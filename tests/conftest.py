import os

# before torch is imported anywhere: idle threads of one test must not spin against the next
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import pytest

from chain import clone, run


@pytest.fixture(scope="session")
def tiny_chain(tmp_path_factory):
    """A clone in which `dvc repro` has run once on a tiny sample, committed."""
    folder = clone(tmp_path_factory.mktemp("chain"))
    run("dvc repro", folder)
    run("git add -A && git commit -qm repro", folder)
    return folder
