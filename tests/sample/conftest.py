from pathlib import Path

import pytest

from faceline.core.params import parse_group, read_params
from faceline.sample.params import SampleParams, SampleRole, SampleRoles

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def shipped_params() -> SampleParams:
    return parse_group(SampleParams, read_params(ROOT / "params/base.yaml")["sample"])


@pytest.fixture(scope="session")
def small_params() -> SampleParams:
    counts = {"train": (2, 5), "dev": (2, 3), "query": (2, 3), "distractor": (3, 2)}
    roles = SampleRoles(**{name: SampleRole(people=p, photos=n) for name, (p, n) in counts.items()})
    return SampleParams(seed=3, roles=roles, min_photo_px=150, max_photo_px=260, jpeg_quality=90)
