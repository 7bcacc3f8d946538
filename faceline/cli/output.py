"""What the verbs print: one JSON document on stdout; messages go to stderr through logging."""

import json
import sys
from collections.abc import Mapping
from io import TextIOWrapper

from faceline.core.files import plain


def answer(value: Mapping, error: Exception | None = None) -> None:
    """Prints one JSON document, floats rounded to 6 decimals, and then raises what stood in its way."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files need not be text
    json.dump(plain(value), sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
    sys.stdout.flush()  # a full disk or a closed pipe is to be heard of here
    if error is not None:
        raise error
