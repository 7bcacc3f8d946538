"""Parameters of the recogniser's training."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from faceline.core.params import Above0, Group, NonNegative, Positive, Seed, Share, ShareBelow1
from faceline.recognition.heads.registry import loss_names
from faceline.recognition.net.backbone import backbone_names
from faceline.recognition.net.embedding_net import NECKS


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
    backbone: Literal[*backbone_names()]
    loss: Literal[*loss_names()]
    pretrained: str
    input_px: Annotated[int, Field(ge=32, le=512)]
    stem_stride: Literal[1, 2]
    embedding_dim: Annotated[int, Field(ge=2, le=4096)]
    neck: Literal[*NECKS]
    dropout: ShareBelow1
    epochs: Positive
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
