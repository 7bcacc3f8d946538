"""The two ways a run ends badly: the user's input, or our own work."""


class InputError(Exception):
    """Something the user gave is wrong. The message names it and says how to mend it. Exit code 2."""

    exit_code = 2


class FacelineError(Exception):
    """The work could not be done although the input was sound (a diverging loss, say). Exit code 1."""

    exit_code = 1
