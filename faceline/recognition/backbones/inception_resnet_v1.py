"""facenet-pytorch's InceptionResnetV1 (Szegedy et al., AAAI 2017), under the library's names for weights."""

from collections import OrderedDict
from collections.abc import Mapping
from functools import partial

from torch import Tensor, nn

from faceline.recognition.net.backbone import Backbone

_AFTER_THE_MAP = ("avgpool_1a", "dropout", "last_linear", "last_bn")
# the library's embedding layers and where they go in our neck; the BN before them starts as the identity
_NECK = {"last_linear.weight": "1.weight"} | {
    f"last_bn.{part}": f"2.{part}" for part in ("weight", "bias", "running_mean", "running_var")
}


def _build(input_px: int, stem_stride: int) -> nn.Module:
    from facenet_pytorch import InceptionResnetV1

    net = InceptionResnetV1(pretrained=None, classify=False)
    net.conv2d_1a.conv.stride = (stem_stride, stem_stride)
    # its parts are registered in the order in which they follow each other
    return nn.Sequential(OrderedDict((n, part) for n, part in net.named_children() if n not in _AFTER_THE_MAP))


def _weights(name: str) -> Mapping[str, Tensor]:
    from facenet_pytorch import InceptionResnetV1

    return InceptionResnetV1(pretrained=name).state_dict()


BACKBONE = Backbone(
    _build,
    "mean",
    {name: partial(_weights, name) for name in ("vggface2", "casia-webface")},
    _NECK,
    published_neck_epsilon=1e-3,
)
