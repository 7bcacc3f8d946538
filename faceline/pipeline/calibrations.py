"""Calibrations by recogniser: the user's own, that of the models' folder, or one that comes with faceline.

`faceline calibrate` keeps the user's own, a file for each recogniser, named by its hash; the chain writes the one of
the models' folder.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_data_path
from pydantic import BaseModel, ConfigDict, ValidationError

from faceline.core.errors import InputError
from faceline.core.files import read_text, write_text
from faceline.evaluation.verification.calibration import Calibration
from faceline.exported.folder import CALIBRATION
from faceline.field.cache import CACHE_VARIABLE, cache_folder

SHIPPED = Path(__file__).parent / "calibrations"

log = logging.getLogger(__name__)


class KeptCalibration(BaseModel):
    """A calibration and where it comes from.

    Attributes:
        made_on: whose photos, for people.
        recognizer, detector: what found and compared the faces, for people.
        source: the absolute path of these photos; empty where it is not known.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    made_on: str
    recognizer: str
    detector: str
    source: str = ""
    calibration: Calibration

    def keep(self) -> Path:
        """Writes it where `find_calibration` looks for it, and says where that is."""
        path = _own(self.calibration.model)
        write_text(path, self.model_dump_json() + "\n")
        return path


@dataclass(frozen=True)
class FoundCalibration:
    """A calibration, its file, and whose photos it was made on.

    Attributes:
        detector: who found the faces; None for the chain's, whose faces are the annotated ones.
        source: where these photos lie; None where it is not known.
    """

    calibration: Calibration
    path: Path
    made_on: str
    detector: str | None = None
    source: Path | None = None

    def shares_photos(self, people: Path) -> bool:
        """Whether it was made on these photos, some of them or more than these, as far as paths tell."""
        if self.source is None:
            return False
        here = people.resolve()
        return self.source.is_relative_to(here) or here.is_relative_to(self.source)


def calibrations_folder() -> Path:
    """Where the user's own lie: beside other data of theirs, or in what FACELINE_CACHE names."""
    base = cache_folder() if os.environ.get(CACHE_VARIABLE) else user_data_path("faceline")
    return base / "calibrations"


def look_up(model: str, models: Path) -> FoundCalibration | None:
    """The calibration of a recogniser: the user's own, else that of the models' folder, else the shipped one.

    Args:
        model: SHA-256 of the recogniser's file.
        models: folder of models.

    Raises:
        InputError: a file is no calibration.
    """
    found = _kept(_own(model))
    if found is None and (models / CALIBRATION).is_file():
        calibration = Calibration.read(models / CALIBRATION)
        if calibration.model == model:
            found = FoundCalibration(calibration, models / CALIBRATION, "the dev people of the chain's data set")
    return found or _kept(SHIPPED / f"{model}.json")


def find_calibration(model: str, models: Path) -> FoundCalibration:
    """As `look_up`, and says on stderr which one it is.

    Raises:
        InputError: there is none, or a file is no calibration; the message says how to make one.
    """
    found = look_up(model, models)
    if found is None:
        chain = models / CALIBRATION
        problem = f"{chain} was made for another recogniser" if chain.is_file() else f"none at {chain}"
        raise InputError(
            f"no calibration of this recogniser ({problem}, none at {_own(model)}): `faceline calibrate PEOPLE_DIR` "
            "makes one from photos of people, a folder each; for the chain's own recogniser `dvc repro` makes it; or "
            "give a threshold with --threshold"
        )
    log.info("thresholds of %s, made on %s (%d people)", found.path, found.made_on, found.calibration.people)
    return found


def _own(model: str) -> Path:
    return calibrations_folder() / f"{model}.json"


def _kept(path: Path) -> FoundCalibration | None:
    """What `keep` wrote; None where there is no such file."""
    if not path.is_file():
        return None
    hint = "`faceline calibrate` makes one"
    try:
        kept = KeptCalibration.model_validate_json(read_text(path, hint))
    except ValidationError as error:
        first = error.errors()[0]
        problem = " ".join(filter(None, [".".join(map(str, first["loc"])), first["msg"][:200]]))
        raise InputError(f"{path}: cannot be read as a calibration ({problem}); {hint}") from None
    source = Path(kept.source) if kept.source else None
    return FoundCalibration(kept.calibration, path, kept.made_on, kept.detector, source)
