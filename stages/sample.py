"""Draws the sample data set in CelebA's own layout."""

from pathlib import Path

from faceline.core.stage import run_stage
from faceline.sample.dataset import draw_sample
from faceline.sample.params import SampleParams


def sample(params: SampleParams, out: Path) -> None:
    """Draws the sample data set in CelebA's own layout."""
    draw_sample(params, out)


if __name__ == "__main__":
    run_stage(sample)
