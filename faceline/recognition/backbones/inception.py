"""facenet-pytorch's InceptionResnetV1 (Szegedy et al., AAAI 2017), up to the map before pooling."""

from __future__ import annotations

from facenet_pytorch import InceptionResnetV1
from torch import Tensor


class InceptionFeatures(InceptionResnetV1):
    """The library's net without its embedding layers; weights keep the library's names."""

    def __init__(self, stem_stride: int) -> None:
        super().__init__(pretrained=None, classify=False)
        del self.avgpool_1a, self.dropout, self.last_linear, self.last_bn
        self.conv2d_1a.conv.stride = (stem_stride, stem_stride)

    def forward(self, images: Tensor) -> Tensor:
        # registered in the order in which they follow each other
        for part in self.children():
            images = part(images)
        return images
