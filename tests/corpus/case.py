"""A broken file and its answer: how it is made, how it is read, and whether the right thing comes back."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from faceline.cli.main import app
from faceline.core.errors import FacelineError, InputError

MAX_MESSAGE = 1500  # characters: a message is to be read
MAX_LINES = 12  # parameters alone are answered with a line for each fault


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        write: writes a sound one into an empty folder and returns the file that is damaged.
        read: reads it, given that file's path, as the project does.
    """

    name: str
    write: Callable[[Path], Path]
    read: Callable[[Path], object]


@dataclass(frozen=True)
class Case:
    """A file of a kind, what is done to it, and the answer.

    Attributes:
        damage: changes the sound file in place.
        words: what the message must hold, besides the file's name.
        harmless: it is to be read all the same.
        costly: it is made or read in seconds, and left to `make faults`.
        bounded: it asks for much memory or time, which the suite measures in a process of its own.
        clean: what must not be left in the file's folder.
        named: whether the message names the file.
    """

    kind: Kind
    how: str
    damage: Callable[[Path], object]
    words: Sequence[str] = ()
    harmless: bool = False
    costly: bool = False
    bounded: bool = False
    clean: str = ""
    named: bool = True

    @property
    def name(self) -> str:
        return f"{self.kind.name}: {self.how}"


@dataclass(frozen=True)
class Outcome:
    """What came back.

    Attributes:
        fault: what is wrong with the answer; empty where it is right.
        traceback: an exception came through that is none of the project's.
        message: the answer.
    """

    fault: str
    traceback: bool = False
    message: str = ""


def judge(case: Case, folder: Path, sound: Path) -> tuple[Outcome, float]:
    """Makes a case in an empty folder, reads it, and says whether the answer is right.

    Returns:
        That, and seconds of processor time: how long it takes beside other work says nothing of the reader.

    Args:
        sound: where sound files are kept, so that each is written once.
    """
    path = _copy(case.kind, sound, folder)
    case.damage(path)
    start = time.process_time()
    try:
        case.kind.read(path)
        outcome = Outcome("" if case.harmless else "read as if nothing were wrong")
    except InputError as error:
        outcome = Outcome(_fault(case, path, str(error)), message=str(error))
    except Exception as error:  # whatever comes through is the finding
        outcome = Outcome(f"{type(error).__name__}: {str(error)[:300]}", not isinstance(error, FacelineError))
    seconds = time.process_time() - start
    if case.clean and not outcome.fault and (left := list(folder.glob(case.clean))):
        outcome = Outcome(f"left {', '.join(one.name for one in left)}")
    return outcome, seconds


def _fault(case: Case, path: Path, message: str) -> str:
    if case.harmless:
        return f"refused: {message}"
    if len(message) > MAX_MESSAGE or message.count("\n") > MAX_LINES:
        return f"a message of {len(message)} characters in {message.count(chr(10)) + 1} lines"
    missing = [word for word in [*([path.name[:60]] if case.named else []), *case.words] if word not in message]
    return f"does not say {', '.join(missing)}: {message}" if missing else ""


def _copy(kind: Kind, sound: Path, folder: Path) -> Path:
    """A sound file of a kind in `folder`, made once and copied from then on."""
    kept = sound / kind.name.replace(" ", "_")
    if not kept.is_dir():
        kept.mkdir(parents=True)
        name = kind.write(kept).relative_to(kept)
        (sound / f"{kept.name}.name").write_text(str(name))
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    return folder / (sound / f"{kept.name}.name").read_text()


def verb(*arguments: object) -> str:
    """Runs a verb of the tool; its error, told by the exit code, is raised. Returns what it printed."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    if result.exit_code:
        kind = {1: FacelineError, 2: InputError}.get(result.exit_code, RuntimeError)
        raise kind(result.stderr.strip())
    return result.stdout
