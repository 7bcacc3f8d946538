"""The ways a run ends badly: the user's input, our own work, and what the machine refuses."""

import errno

# what to call the system's refusals; it says the rest itself
_REFUSALS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger than is allowed here",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "no permission",
    errno.EPERM: "no permission",
    errno.EPIPE: "nobody reads the output any more",
    errno.EMFILE: "too many open files",
}

# what no check of the input can foresee: the work ends with one line and exit code 1
REFUSED = (OSError, MemoryError)


class InputError(Exception):
    """Something the user gave is wrong. The message names it and says how to mend it. Exit code 2."""

    exit_code = 2


class FacelineError(Exception):
    """The work could not be done although the input was sound (a diverging loss, say). Exit code 1."""

    exit_code = 1


def refusal(error: OSError | MemoryError) -> str:
    """One line that says what the system refused, and for which file where the error knows it."""
    if isinstance(error, MemoryError):
        return "not enough memory"
    reason = _REFUSALS.get(error.errno or 0) or " ".join((error.strerror or str(error)).split())
    file = error.filename2 or error.filename
    return f"{file}: {reason}" if file else reason
