"""In which precision a net computes while it is trained."""

import torch


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """A context in which nets compute as `recognition.precision` says; weights, losses and files are float32 always.

    Args:
        precision: `float32`, `bfloat16`, or `auto`: bfloat16 on GPUs that have it, float32 elsewhere.
    """
    able = device.type == "cuda" and torch.cuda.is_bf16_supported()
    wanted = precision == "bfloat16" or (precision == "auto" and able)
    return torch.autocast(device.type, torch.bfloat16, enabled=wanted)
