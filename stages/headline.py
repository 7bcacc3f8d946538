"""Gathers the dozen figures by which runs are compared first."""

from pathlib import Path

from faceline.core.files import write_json
from faceline.core.stage import run_stage
from faceline.evaluation.headline.headline import headline as headline_of


def headline(metrics: Path, out: Path) -> None:
    """Picks the headline's figures out of the other stages' files."""
    write_json(out, headline_of(metrics))


if __name__ == "__main__":
    run_stage(headline)
