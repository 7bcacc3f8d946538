"""Parameters of the hourglass and its training."""

from typing import Annotated, ClassVar

from pydantic import Field

from faceline.core.params import Above0, Group, NonNegative, Positive, Seed, Share, ShareBelow1


class LandmarkAugmentation(Group):
    flip: Share
    rotation_deg: Annotated[float, Field(ge=0, le=180)]
    scale: ShareBelow1
    shift: ShareBelow1
    brightness: Share
    contrast: Share
    colour: Share
    blur: Share
    occlusion: Share


class LandmarkParams(Group):
    key: ClassVar[str] = "landmarks"
    seed: Seed
    source: str
    annotations: str
    images: str
    margin: Annotated[float, Field(gt=-0.5, le=1)]
    input_px: Annotated[int, Field(ge=64, le=512, multiple_of=64)]
    stacks: Positive
    channels: Annotated[int, Field(ge=8, multiple_of=8)]
    depth: Annotated[int, Field(ge=1, le=5)]
    sigma_px: Above0
    epochs: Positive
    batch_size: Positive
    learning_rate: Above0
    weight_decay: NonNegative
    warmup_epochs: NonNegative
    clip_norm: Above0
    ema_decay: ShareBelow1
    augmentation: LandmarkAugmentation
