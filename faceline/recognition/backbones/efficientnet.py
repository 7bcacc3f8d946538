"""efficientnet-pytorch's EfficientNets (Tan and Le, ICML 2019), up to the map before pooling."""

from __future__ import annotations

from efficientnet_pytorch import EfficientNet
from torch import Tensor, nn


class EfficientNetFeatures(EfficientNet):
    """The library's net without its top; weights keep the library's names."""

    @classmethod
    def build(cls, name: str, input_px: int, stem_stride: int) -> EfficientNetFeatures:
        """`name` as the library spells it, e.g. `efficientnet-b0`."""
        # the library fixes its paddings for an image size, counting on a stem of stride 2
        net = cls.from_name(name, image_size=input_px * (2 // stem_stride), include_top=False)
        net.set_swish(memory_efficient=False)  # the other one is a custom function that exporters cannot follow
        if stem_stride == 1:
            net._conv_stem.stride = [1, 1]
            net._conv_stem.static_padding = nn.ZeroPad2d(1)
        return net

    def forward(self, images: Tensor) -> Tensor:
        return self.extract_features(images)
