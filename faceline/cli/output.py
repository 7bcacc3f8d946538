"""What the verbs print: one JSON document on stdout; messages go to stderr through logging."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path


def answer(value: Mapping) -> None:
    """Prints one JSON document, floats rounded to 6 decimals."""
    sys.stdout.reconfigure(errors="backslashreplace")  # names of files need not be text
    json.dump(_plain(value), sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def finish(value: Mapping, error: Exception | None) -> None:
    """Prints an answer and then raises what stood in its way."""
    answer(value)
    if error is not None:
        raise error


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):  # numpy scalars
        value = value.item()
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value
