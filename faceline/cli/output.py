"""What the verbs print: JSON on stdout, one document or a line for each record; messages go to stderr."""

import json
import sys
from collections.abc import Mapping
from io import TextIOWrapper

from faceline.core.files import plain


def answer(value: Mapping, error: Exception | None = None, lines: str = "") -> None:
    """Prints one JSON document, floats rounded to 6 decimals, and then raises what stood in its way.

    Args:
        lines: the key of a list; each of its records is printed in a line of its own, and nothing else. Nothing but
            ASCII is printed then: there are more characters that programs take for the end of a line.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files need not be text
    if lines:
        for record in value[lines]:
            sys.stdout.write(json.dumps(plain(record)) + "\n")
    else:
        json.dump(plain(value), sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
    sys.stdout.flush()  # a full disk or a closed pipe is to be heard of here
    if error is not None:
        raise error
