"""Turns a typed function into a stage's command line.

The signature says it all: a parameter annotated `Path` is a required `--option`, one annotated with a group of
`faceline.core.params` receives that group of the checked `params.yaml`.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_type_hints

from faceline.core.errors import FacelineError, InputError
from faceline.core.params import Group, Params, load_params


def run_stage(stage: Callable[..., None], arguments: Sequence[str] | None = None) -> None:
    """Parses the command line, checks every parameter, runs `stage`, and ends the process on an error.

    Exit codes: 0 success, 1 the work failed, 2 bad input.
    """
    kinds = {name: kind for name, kind in get_type_hints(stage).items() if name != "return"}
    parser = argparse.ArgumentParser(prog=f"python -m stages.{stage.__name__}", description=stage.__doc__)
    for name, kind in kinds.items():
        if kind is Path:
            parser.add_argument(f"--{name.replace('_', '-')}", type=Path, required=True, dest=name)
    paths = vars(parser.parse_args(arguments))
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        params = load_params()
        stage(**paths, **{name: group_of(params, kind) for name, kind in kinds.items() if kind is not Path})
    except (InputError, FacelineError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def group_of(params: Params, kind: type[Group]) -> Group:
    """The one group of `params` that has this type."""
    return next(group for _, group in params if type(group) is kind)
