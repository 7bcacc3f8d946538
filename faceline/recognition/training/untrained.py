"""A recogniser as its pretrained weights make it, without training."""

import torch

from faceline.core.errors import InputError
from faceline.models.runtime import seed_everything
from faceline.recognition.net.embedding_net import EmbeddingNet, NetConfig
from faceline.recognition.net.recognizer_file import NET_PREFIX
from faceline.recognition.training.params import RecognitionParams
from faceline.recognition.training.precision import autocast
from faceline.recognition.training.pretrained import start_from
from faceline.recognition.training.trained import Candidate, TrainedRecognizer, start_row
from faceline.recognition.training.training_data import TrainingData
from faceline.recognition.training.validation import validate


def untrained(params: RecognitionParams, data: TrainingData, device: torch.device) -> TrainedRecognizer:
    """The net of `recognition.pretrained` as it is: epoch 0, with no head.

    Raises:
        InputError: the weights do not make the whole net.
    """
    seed_everything(params.seed)
    net = EmbeddingNet(NetConfig.from_params(params))
    drawn = start_from(net, params.pretrained)
    if drawn:
        raise InputError(
            f"recognition.epochs: 0 takes {params.pretrained} as it is, but it does not fill {', '.join(drawn)} of "
            f"{params.backbone} with this neck and embedding_dim; train it, or choose another neck"
        )
    net = net.to(device).to(memory_format=torch.channels_last).eval()
    with autocast(params.precision, device):
        figures = validate(net, data, device)
    state = {f"{NET_PREFIX}{name}": tensor.cpu() for name, tensor in net.state_dict().items()}
    start = Candidate(0, figures, state)
    return TrainedRecognizer(start, start, [start_row(figures)], None)
