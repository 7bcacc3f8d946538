"""Where real photos lie on a machine that has them; tests that need them say so when they skip."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"

needs_celeba = pytest.mark.skipif(not (SHARED / "celeba").is_dir(), reason="no real photos at ../shared/celeba")
needs_mtfl = pytest.mark.skipif(not (SHARED / "mtfl").is_dir(), reason="no real photos at ../shared/mtfl")
needs_keypoints68 = pytest.mark.skipif(
    not (SHARED / "keypoints68").is_dir(), reason="no real photos at ../shared/keypoints68"
)
