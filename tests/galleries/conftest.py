"""A gallery of its own for each test."""

from pathlib import Path

import pytest
from made_people import GALLERY_DIM, GALLERY_MODEL

from faceline.galleries.gallery import Gallery


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "people.db"


@pytest.fixture
def gallery(path: Path):
    with Gallery.open_or_create(path, GALLERY_MODEL, GALLERY_DIM) as opened:
        yield opened
