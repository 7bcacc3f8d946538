"""Parameters of the recogniser's training."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from faceline.core.params import Above0, Count, Group, NonNegative, OneOf, Positive, Seed, Share, ShareBelow1
from faceline.recognition.heads.registry import loss_head, loss_names
from faceline.recognition.net.backbone import backbone_names, load_backbone
from faceline.recognition.net.necks import NECKS

WEIGHTS = (".safetensors", ".pt", ".pth", ".onnx")  # suffixes of files to start from


class RecognitionAugmentation(Group):
    flip: Share
    crop_scale_min: Annotated[float, Field(gt=0, le=1)]
    rotation_deg: Annotated[float, Field(ge=0, le=180)]
    scale: ShareBelow1
    shift: ShareBelow1
    brightness: Share
    contrast: Share
    saturation: Share
    hue: Annotated[float, Field(ge=0, le=0.5)]
    grey: Share
    blur: Share
    low_resolution: Share
    erase: Share


class RecognitionParams(Group):
    key: ClassVar[str] = "recognition"
    seed: Seed
    backbone: Annotated[str, OneOf(backbone_names())]
    loss: Annotated[str, OneOf(loss_names())]
    pretrained: str
    sharded_head: bool
    head_start: Literal["random", "means"]
    frozen: Share
    frozen_batchnorm: bool
    distillation: NonNegative
    input_px: Annotated[int, Field(ge=32, le=512)]
    stem_stride: Literal[1, 2]
    embedding_dim: Annotated[int, Field(ge=2, le=4096)]
    neck: Annotated[str, OneOf(NECKS)]
    dropout: ShareBelow1
    epochs: Count
    batch_size: Annotated[int, Field(ge=2)]
    optimizer: Literal["sgd", "adamw", "muon"]
    learning_rate: Above0
    weight_decay: NonNegative
    warmup_epochs: NonNegative
    margin_warmup_epochs: NonNegative
    clip_norm: Above0
    ema_decay: ShareBelow1
    precision: Literal["auto", "float32", "bfloat16"]
    memory_budget_mb: Positive
    evaluate_every: Positive
    augmentation: RecognitionAugmentation

    @field_validator("sharded_head")
    @classmethod
    def _of_a_loss_with_shares(cls, value: bool, info: ValidationInfo) -> bool:
        loss = info.data.get("loss")
        if value and loss is not None and not loss_head(loss).can_be_shared:
            able = ", ".join(name for name in loss_names() if loss_head(name).can_be_shared)
            raise ValueError(f"people's rows of {loss} cannot be spread over processes; use one of {able}")
        return value

    @field_validator("pretrained")
    @classmethod
    def _there_are_such_weights(cls, pretrained: str, info: ValidationInfo) -> str:
        name = info.data.get("backbone")
        if name is None or pretrained == "none" or Path(pretrained).suffix in WEIGHTS:
            return pretrained
        published = load_backbone(name).published
        if pretrained not in published:
            known = ", ".join(("none", *published, f"PATH of a file ({', '.join(WEIGHTS)})"))
            raise ValueError(f"{name} has no weights {pretrained}; it has: {known}")
        return pretrained

    @field_validator("head_start", "frozen", "frozen_batchnorm", "distillation")
    @classmethod
    def _off_without_pretrained(cls, value: object, info: ValidationInfo) -> object:
        if value not in ("random", 0) and info.data.get("pretrained") == "none":
            raise ValueError("keeps to pretrained weights, and recognition.pretrained is none")
        return value

    @field_validator("input_px", "stem_stride", "embedding_dim", "neck")
    @classmethod
    def _as_the_weights_are(cls, value: object, info: ValidationInfo) -> object:
        pretrained, name = info.data.get("pretrained", "none"), info.data.get("backbone")
        if name is None or pretrained == "none":
            return value
        backbone = load_backbone(name)
        allowed = backbone.made_for.get(info.field_name or "", ()) if pretrained in backbone.published else ()
        if allowed and value not in allowed:
            raise ValueError(f"the {pretrained} weights are made for {' or '.join(map(str, allowed))}")
        return value

    @field_validator("epochs")
    @classmethod
    def _something_to_show(cls, epochs: int, info: ValidationInfo) -> int:
        if epochs == 0 and info.data.get("pretrained") == "none":
            raise ValueError("0 takes pretrained weights as they are, and recognition.pretrained is none")
        return epochs
