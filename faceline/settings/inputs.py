"""What `params.yaml` names and nobody has put in place yet."""

from pathlib import Path

from faceline.core.errors import InputError
from faceline.data.filtering.params import NOTHING
from faceline.photos.seven_zip import unpacking
from faceline.recognition.training.params import WEIGHTS
from faceline.settings.forms import form_at
from faceline.settings.schema import Params

EXCLUDED = Path("params/excluded")  # the lists of photos that filter.excluded names
# the chain makes these itself
_MADE = (Path("data/sample"), Path("data/selected.csv"))
_ANNOTATIONS = ("identity", "attributes", "boxes", "landmarks")


def in_the_forms_there(params: dict[str, dict]) -> None:
    """Names every file and folder of nested parameters in the form that is there, in place.

    What is no group or no path is left as it is, for the check of all values to refuse.
    """
    for group, keys in (("data", (*_ANNOTATIONS, "images")), ("landmarks", ("images",))):
        named = params.get(group)
        if not isinstance(named, dict):
            continue
        for key in keys:
            if isinstance(named.get(key), str):
                named[key] = form_at(key, named[key])


def missing_inputs(params: Params) -> list[str]:
    """A line for each file or folder that is not there, with the way out where one is seen."""
    named = {f"data.{kind}": getattr(params.data, kind) for kind in (*_ANNOTATIONS, "images")}
    named["landmarks.annotations"] = params.landmarks.annotations
    named["landmarks.images"] = params.landmarks.images
    if params.filter.excluded != NOTHING:
        named["filter.excluded"] = f"{EXCLUDED / params.filter.excluded}.csv"
    if params.wild.detector_model != "none":
        named["wild.detector_model"] = params.wild.detector_model
    if Path(params.recognition.pretrained).suffix in WEIGHTS:
        named["recognition.pretrained"] = params.recognition.pretrained
    return [line for key, path in named.items() if (line := _missing(key, Path(path)))]


def refuse_missing(params: Params) -> None:
    """Raises InputError that names everything that is not there."""
    missing = missing_inputs(params)
    if missing:
        listed = "\n".join(f"  {line}" for line in missing)
        raise InputError(
            f"params.yaml names data that is not there:\n{listed}\ndata/README.md says where each comes from and "
            f"where it goes; `faceline params sample` goes back to the sample, which needs none{_in_a_copy()}"
        )


def _in_a_copy() -> str:
    """DVC runs queued and temporary experiments in copies of what git tracks."""
    if not {".dvc", "exps"} <= set(Path.cwd().parts):
        return ""
    return (
        "; this is an experiment's copy, into which data that git ignores comes by `dvc exp run --copy-paths FOLDER`"
    )


def _there(path: Path) -> bool:
    """Whether a file or folder is there; none has a name that no file system takes."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _missing(key: str, path: Path) -> str:
    if any(path.is_relative_to(made) for made in _MADE):
        return ""
    command = unpacking(path) if key.endswith(".images") else ""
    if command:
        return f"{key}: {path} is still packed; `{command}` unpacks it"
    if _there(path):
        return ""
    other = form_at(key.partition(".")[2], str(path))
    return f"{key}: {path}" + (f" (there is {other}: name that)" if other != str(path) else "")
