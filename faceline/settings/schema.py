"""The schema of the whole of `params.yaml`: every group, each from the package that uses it."""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ConfigDict, create_model

from faceline.alignment.fit.params import AlignParams
from faceline.core.params import PARAMS_FILE, Group, parse_group, read_params
from faceline.data.crops.params import CropParams
from faceline.data.filtering.params import FilterParams
from faceline.data.scan.params import DataParams
from faceline.engines.params import EngineParams
from faceline.evaluation.verification.params import EvaluationParams
from faceline.landmarks.sets.params import SourceName
from faceline.landmarks.training.params import LandmarkParams
from faceline.models.params import RuntimeParams
from faceline.recognition.embedding.params import EmbeddingParams
from faceline.recognition.heads.registry import loss_names, loss_params
from faceline.recognition.training.params import RecognitionParams
from faceline.sample.params import SampleParams
from faceline.wild.params import WildParams

if TYPE_CHECKING:
    Losses = Group  # its fields are the losses that are there
else:
    Losses = create_model("Losses", __base__=Group, **{name: (loss_params(name), ...) for name in loss_names()})


class CheckedLandmarkParams(LandmarkParams):
    """With the source's name checked, which the training does not look at."""

    source: SourceName


class CheckedRuntimeParams(RuntimeParams, EngineParams):
    """All of the group, of which nets and engines read their parts."""

    model_config = ConfigDict(extra="forbid")


class Params(Group):
    """The whole of `params.yaml`, with a block for every loss in `losses`."""

    data: DataParams
    sample: SampleParams
    filter: FilterParams
    crop: CropParams
    landmarks: CheckedLandmarkParams
    align: AlignParams
    recognition: RecognitionParams
    losses: Losses
    embedding: EmbeddingParams
    evaluation: EvaluationParams
    wild: WildParams
    runtime: CheckedRuntimeParams


def load_params(path: Path = PARAMS_FILE) -> Params:
    """Reads and checks a parameter file.

    Raises:
        InputError: the file is missing or not YAML, or a key is unknown, missing or out of range; the message lists
            every such key and what is allowed.
    """
    return parse_group(Params, read_params(path))
