"""MTCNN's nets run by PyTorch."""

from __future__ import annotations

import numpy as np
import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from torch import nn

from faceline.detectors.mtcnn import MtcnnNets, Net


def load_nets() -> dict[str, nn.Module]:
    """The three nets with the weights that come in the `facenet-pytorch` package, by name."""
    return {"pnet": PNet().eval(), "rnet": RNet().eval(), "onet": ONet().eval()}


def torch_nets(device: torch.device) -> MtcnnNets:
    """The nets on `device`, as functions of numpy arrays."""
    return MtcnnNets(**{name: _as_function(net.to(device), device) for name, net in load_nets().items()})


def _as_function(net: nn.Module, device: torch.device) -> Net:
    @torch.inference_mode()
    def run(batch: np.ndarray) -> tuple[np.ndarray, ...]:
        return tuple(out.cpu().numpy() for out in net(torch.from_numpy(batch).to(device)))

    return run
