"""Turns a typed function into a stage's command line.

A parameter annotated `Path` is a required `--option`, one annotated with a `Group` receives that group of
`params.yaml`, checked, and one annotated `dict` receives the group of its name as it stands in the file.
"""

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_type_hints

from faceline.core.errors import REFUSED, FacelineError, InputError, refusal
from faceline.core.params import parse_group, read_params

INTERRUPTED = 130  # what shells say of SIGINT


def run_stage(stage: Callable[..., None], arguments: Sequence[str] | None = None) -> None:
    """Parses the command line, checks the stage's parameters, runs it, and ends the process on an error.

    Exit codes: 0 success, 1 the work failed, 2 bad input, 130 interrupted.
    """
    kinds = {name: kind for name, kind in get_type_hints(stage).items() if name != "return"}
    parser = argparse.ArgumentParser(prog=f"python -m stages.{stage.__name__}", description=stage.__doc__)
    for name, kind in kinds.items():
        if kind is Path:
            parser.add_argument(f"--{name.replace('_', '-')}", type=Path, required=True, dest=name)
    paths = vars(parser.parse_args(arguments))
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        tree = read_params() if len(kinds) > len(paths) else {}
        groups = {
            name: tree.get(name, {}) if kind is dict else parse_group(kind, tree.get(kind.key))
            for name, kind in kinds.items()
            if kind is not Path
        }
        stage(**paths, **groups)
    except (InputError, FacelineError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except REFUSED as error:
        print(f"{parser.prog}: {refusal(error)}", file=sys.stderr)
        sys.exit(FacelineError.exit_code)
    except KeyboardInterrupt:
        print(f"{parser.prog}: interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
