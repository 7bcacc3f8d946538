"""The learning-rate schedule that both trainings follow."""

import math


def warmup_cosine(step: int, steps: int, warmup_steps: int) -> float:
    """The factor on the peak learning rate at `step` of 0..steps-1, in (0, 1].

    Rises linearly over `warmup_steps`, reaching 1 at the last of them, then falls along half a cosine towards 0
    (Loshchilov and Hutter, SGDR, ICLR 2017, one cycle); a run shorter than its warm-up only rises.
    """
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    share = (step - warmup_steps) / max(1, steps - warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * share))
