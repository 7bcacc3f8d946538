"""Run by torchrun: each process's loss, statistics, gradients and buffers with its share of each head.

Argument: folder for what each finds.
"""

import sys
from pathlib import Path

import torch
import torch.distributed as dist
from tiny_heads import MARGIN_LOSSES, batch, head_of

CHANGES = {"elasticface": {"plus": True, "margin_sigma": 0.1}, "magface": {"norm_low": 8.0}}


def computed(head, embeddings, labels):
    """What two steps leave behind: the second has running averages to go by."""
    torch.manual_seed(3)
    head(embeddings, labels)
    embeddings = embeddings.clone().requires_grad_()
    output = head(embeddings, labels)
    output.loss.backward()
    return {
        "loss": output.loss.detach(),
        "angle": output.statistics["target_angle_rad"],
        "embeddings": embeddings.grad,
        "weight": head.weight.grad,
        "buffers": {name: value.clone() for name, value in head.named_buffers()},
    }


def main() -> None:
    dist.init_process_group("gloo")
    rank, count = dist.get_rank(), dist.get_world_size()
    found = {}
    for name in MARGIN_LOSSES:
        head = head_of(name, **CHANGES.get(name, {}))
        head.keep_share(rank, count)
        embeddings, labels = batch()
        found[name] = computed(head, embeddings[rank::count], labels[rank::count])
        whole = head.share.gather(head.weight.detach())
        assert (whole is None) == (rank > 0)
        found[name]["gathered"] = whole
    torch.save(found, Path(sys.argv[1]) / f"{rank}.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
