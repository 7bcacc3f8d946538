"""Every parameter of a run, typed, frozen and checked before any work.

`params.yaml` is read whole, so a mistake in any group stops whichever stage runs first. What each value
means and its unit stands as a comment beside it in the YAML files; here stand only types and ranges.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from faceline.core.errors import InputError

PARAMS_FILE = Path("params.yaml")

# CelebA's forty, in the order of its files
ATTRIBUTES = (
    "5_o_Clock_Shadow",
    "Arched_Eyebrows",
    "Attractive",
    "Bags_Under_Eyes",
    "Bald",
    "Bangs",
    "Big_Lips",
    "Big_Nose",
    "Black_Hair",
    "Blond_Hair",
    "Blurry",
    "Brown_Hair",
    "Bushy_Eyebrows",
    "Chubby",
    "Double_Chin",
    "Eyeglasses",
    "Goatee",
    "Gray_Hair",
    "Heavy_Makeup",
    "High_Cheekbones",
    "Male",
    "Mouth_Slightly_Open",
    "Mustache",
    "Narrow_Eyes",
    "No_Beard",
    "Oval_Face",
    "Pale_Skin",
    "Pointy_Nose",
    "Receding_Hairline",
    "Rosy_Cheeks",
    "Sideburns",
    "Smiling",
    "Straight_Hair",
    "Wavy_Hair",
    "Wearing_Earrings",
    "Wearing_Hat",
    "Wearing_Lipstick",
    "Wearing_Necklace",
    "Wearing_Necktie",
    "Young",
)

LOSSES = (
    "ce",
    "arcface",
    "cosface",
    "sphereface",
    "triplet",
    "adaface",
    "curricularface",
    "subcenter_arcface",
)
NECKS = ("bn_fc_bn", "fc_bn", "flat_bn_fc_bn")
BACKBONES = (
    "mobilenet_v3_small",
    "resnet18",
    "resnet34",
    "resnet50",
    "efficientnet_b0",
    "efficientnet_b1",
    "inception_resnet_v1",
    "mobilefacenet",
    "iresnet18",
    "iresnet50",
    "spherenet4",
    "spherenet20",
)

Attribute = Literal[*ATTRIBUTES]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Group(BaseModel):
    """A frozen group of parameters that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, allow_inf_nan=False)


class DataParams(Group):
    identity: str
    attributes: str
    boxes: str
    landmarks: str
    images: str
    max_unreadable: Count


class SampleRole(Group):
    people: Positive
    photos: Positive


class SampleRoles(Group):
    train: SampleRole
    dev: SampleRole
    query: SampleRole
    distractor: SampleRole


class SampleParams(Group):
    seed: Seed
    roles: SampleRoles
    min_photo_px: Annotated[int, Field(ge=120)]
    max_photo_px: Annotated[int, Field(ge=120, le=2000)]
    jpeg_quality: Annotated[int, Field(ge=1, le=100)]

    @model_validator(mode="after")
    def _ordered(self) -> SampleParams:
        if self.min_photo_px > self.max_photo_px:
            raise ValueError("min_photo_px is larger than max_photo_px")
        return self


class Role(Group):
    people: Positive | Literal["rest"]
    min_photos: Positive
    max_photos: Positive

    @model_validator(mode="after")
    def _ordered(self) -> Role:
        if self.min_photos > self.max_photos:
            raise ValueError("min_photos is larger than max_photos")
        return self


class Roles(Group):
    train: Role
    dev: Role
    query: Role
    distractor: Role


class FilterParams(Group):
    seed: Seed
    drop_blurry: bool
    min_box_px: Positive
    min_sharpness: Rate
    duplicate_hash_bits: Annotated[int, Field(ge=-1, le=12)]
    roles: Roles
    target_shares: dict[Attribute, Share]


class CropParams(Group):
    context: Annotated[float, Field(ge=0, le=2)]
    max_px: Annotated[int, Field(ge=32, le=2048)]
    jpeg_quality: Annotated[int, Field(ge=1, le=100)]


class LandmarkAugmentation(Group):
    flip: Share
    rotation_deg: Annotated[float, Field(ge=0, le=180)]
    scale: Annotated[float, Field(ge=0, lt=1)]
    shift: Annotated[float, Field(ge=0, lt=1)]
    brightness: Share
    contrast: Share
    colour: Share
    blur: Share
    occlusion: Share


class LandmarkParams(Group):
    seed: Seed
    source: Literal["selected", "mtfl", "keypoints68"]
    annotations: str
    images: str
    margin: Annotated[float, Field(gt=-0.5, le=1)]
    input_px: Annotated[int, Field(ge=64, le=512, multiple_of=64)]
    stacks: Positive
    channels: Annotated[int, Field(ge=8, multiple_of=8)]
    depth: Annotated[int, Field(ge=1, le=5)]
    sigma_px: Annotated[float, Field(gt=0)]
    epochs: Positive
    batch_size: Positive
    learning_rate: Annotated[float, Field(gt=0)]
    weight_decay: Rate
    warmup_epochs: Rate
    clip_norm: Annotated[float, Field(gt=0)]
    ema_decay: Annotated[float, Field(ge=0, lt=1)]
    augmentation: LandmarkAugmentation


class AlignParams(Group):
    size_px: Annotated[int, Field(ge=32, le=512)]
    min_eye_distance_px: Rate
    max_template_error: Annotated[float, Field(gt=0)]
    jpeg_quality: Annotated[int, Field(ge=1, le=100)]


Margin = Annotated[float, Field(ge=0)]
Scale = Annotated[float, Field(gt=0)]


class CrossEntropyParams(Group):
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]


class ArcFaceParams(Group):
    scale: Scale
    margin_rad: Annotated[float, Field(ge=0, lt=3.1416)]


class CosFaceParams(Group):
    scale: Scale
    margin_cos: Margin


class SphereFaceParams(Group):
    scale: Scale
    margin_factor: Annotated[float, Field(ge=1)]


class TripletParams(Group):
    margin_cos: Margin
    mining: Literal["batch_hard", "semi_hard"]
    people_per_batch: Annotated[int, Field(ge=2)]
    photos_per_person: Annotated[int, Field(ge=2)]


class AdaFaceParams(Group):
    scale: Scale
    margin: Margin
    norm_concentration: Annotated[float, Field(gt=0)]
    norm_momentum: Annotated[float, Field(gt=0, le=1)]


class CurricularFaceParams(Group):
    scale: Scale
    margin_rad: Annotated[float, Field(ge=0, lt=3.1416)]
    momentum: Annotated[float, Field(gt=0, le=1)]


class SubCenterArcFaceParams(Group):
    scale: Scale
    margin_rad: Annotated[float, Field(ge=0, lt=3.1416)]
    centers: Positive


class LossParams(Group):
    ce: CrossEntropyParams
    arcface: ArcFaceParams
    cosface: CosFaceParams
    sphereface: SphereFaceParams
    triplet: TripletParams
    adaface: AdaFaceParams
    curricularface: CurricularFaceParams
    subcenter_arcface: SubCenterArcFaceParams


class RecognitionAugmentation(Group):
    flip: Share
    crop_scale_min: Annotated[float, Field(gt=0, le=1)]
    rotation_deg: Annotated[float, Field(ge=0, le=180)]
    scale: Annotated[float, Field(ge=0, lt=1)]
    shift: Annotated[float, Field(ge=0, lt=1)]
    brightness: Share
    contrast: Share
    saturation: Share
    hue: Annotated[float, Field(ge=0, le=0.5)]
    grey: Share
    blur: Share
    low_resolution: Share
    erase: Share


class RecognitionParams(Group):
    seed: Seed
    backbone: Literal[*BACKBONES]
    loss: Literal[*LOSSES]
    pretrained: str
    input_px: Annotated[int, Field(ge=32, le=512)]
    stem_stride: Literal[1, 2]
    embedding_dim: Annotated[int, Field(ge=2, le=4096)]
    neck: Literal[*NECKS]
    dropout: Annotated[float, Field(ge=0, lt=1)]
    epochs: Positive
    batch_size: Annotated[int, Field(ge=2)]
    optimizer: Literal["sgd", "adamw", "muon"]
    learning_rate: Annotated[float, Field(gt=0)]
    weight_decay: Rate
    warmup_epochs: Rate
    margin_warmup_epochs: Rate
    clip_norm: Annotated[float, Field(gt=0)]
    ema_decay: Annotated[float, Field(ge=0, lt=1)]
    precision: Literal["auto", "float32", "bfloat16"]
    memory_budget_mb: Positive
    evaluate_every: Positive
    augmentation: RecognitionAugmentation
    losses: LossParams


class EvaluationParams(Group):
    seed: Seed
    bootstrap_samples: Annotated[int, Field(ge=100)]
    block_mb: Positive
    group_attributes: list[Attribute]
    flip: bool


class WildParams(Group):
    detector: Literal["mtcnn"]
    min_face_px: Annotated[int, Field(ge=20)]
    max_photo_px: Annotated[int, Field(ge=64)]
    min_score: Share
    min_iou: Share


class RuntimeParams(Group):
    device: Literal["auto", "cpu", "cuda"]
    threads: Count
    workers: Count
    devices: Positive
    nodes: Positive


class Params(Group):
    """The whole of `params.yaml`."""

    data: DataParams
    sample: SampleParams
    filter: FilterParams
    crop: CropParams
    landmarks: LandmarkParams
    align: AlignParams
    recognition: RecognitionParams
    evaluation: EvaluationParams
    wild: WildParams
    runtime: RuntimeParams


def load_params(path: Path = PARAMS_FILE) -> Params:
    """Reads and checks a parameter file.

    Raises:
        InputError: the file is missing or not YAML, or a key is unknown, missing or out of range; the
            message lists every such key and what is allowed.
    """
    try:
        tree = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; copy one of params/*.yaml over it") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not valid YAML: {error}") from None
    try:
        return Params.model_validate(tree)
    except ValidationError as error:
        raise InputError(f"{path}:\n" + "\n".join(_explain(problem) for problem in error.errors())) from None


def _explain(problem: dict) -> str:
    key = ".".join(str(part) for part in problem["loc"]) or "(the file)"
    if problem["type"] == "extra_forbidden":
        return f"  {key}: unknown key{_allowed_beside(problem['loc'])}"
    if problem["type"] == "missing":
        return f"  {key}: missing; params/sample.yaml shows it with its unit"
    return f"  {key}: {problem['msg']} (got {problem['input']!r})"


def _allowed_beside(location: tuple) -> str:
    model = Params
    for part in location[:-1]:
        field = getattr(model, "model_fields", {}).get(part)
        if field is None:
            return ""
        model = field.annotation
    return f"; allowed here: {', '.join(model.model_fields)}"
