"""Checks the whole of `params.yaml`, and that the data it names is there."""

from pathlib import Path

from faceline.core.files import write_text
from faceline.core.stage import run_stage
from faceline.settings.inputs import refuse_missing
from faceline.settings.schema import load_params


def check_params(params: Path, out: Path) -> None:
    """Checks every group of the parameter file, and that what it names is there.

    The output is always the same, so that nothing else runs again.
    """
    refuse_missing(load_params(params))
    write_text(out, "every parameter is known and in range\n")


if __name__ == "__main__":
    run_stage(check_params)
