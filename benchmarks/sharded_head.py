"""A margin head spread over processes: memory and time of a step in each, against the formula.

    python -m benchmarks.sharded_head [--people 100000 300000] [--processes 1 2]

A process holds people / processes rows of `embedding_dim` float32 numbers five times between steps ("held"): weight,
gradient, AdamW's two moments, running average. In a step come the rows at length 1 and their gradient, which makes
the formula 28 bytes x people x dim / processes, and matrices of logits of 4 bytes x batch x people / processes.
"peak" is the process's memory over what it took before the head was made; on GPUs, one for each process, what PyTorch
allocated at most. Processes that share a machine's cores do not show the times of machines of their own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from statistics import median

import torch
import torch.distributed as dist
from torch import nn

from faceline.recognition.heads.registry import build_head, loss_params
from faceline.training.averaging import AveragedWeights

COPIES = 7
LOSS = {"scale": 64.0, "margin_rad": 0.5}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--people", type=int, nargs="+", default=[100_000, 300_000])
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)  # one of the processes
    arguments = parser.parse_args()
    if arguments.one:
        measure(arguments)
        return
    print("   people processes  held, MB  peak, MB formula, MB  step, s")
    for people in arguments.people:
        for processes in arguments.processes:
            found = _launch(arguments, people, processes)
            formula = 4 * COPIES * people * arguments.dim / processes / 1e6
            held, peak, seconds = (max(one[key] for one in found) for key in ("held_mb", "peak_mb", "step_s"))
            print(f"{people:9,} {processes:9} {held:9.0f} {peak:9.0f} {formula:11.0f} {seconds:8.2f}", flush=True)


def _launch(arguments: argparse.Namespace, people: int, processes: int) -> list[dict]:
    """What each process measured."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    options = {f"--{name}": getattr(arguments, name) for name in ("dim", "batch", "steps", "device")}
    options["--people"] = people
    words = [str(word) for pair in options.items() for word in pair]
    command = [*torchrun, "-m", "benchmarks.sharded_head", "--one", *words]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def measure(arguments: argparse.Namespace) -> None:
    """One process's part: prints the bytes of its rows, its peak memory, and the median time of a step."""
    dist.init_process_group("nccl" if arguments.device == "cuda" else "gloo")
    process, processes = dist.get_rank(), dist.get_world_size()
    device = torch.device(arguments.device, process % torch.cuda.device_count() if arguments.device == "cuda" else 0)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    (people,) = arguments.people
    torch.manual_seed(1)
    photos = arguments.batch // processes
    embeddings = torch.randn(photos, arguments.dim, device=device)
    labels = torch.randint(people, (photos,), device=device)
    before = _peak_mb(device)
    head = build_head("arcface", loss_params("arcface")(**LOSS), people, arguments.dim)
    if processes > 1:
        head.keep_share(process, processes)
    head.to(device)
    optimizer = torch.optim.AdamW(head.parameters(), 1e-3, fused=True)
    average = AveragedWeights(nn.ModuleList([head]), 0.99)
    seconds = []
    for _ in range(arguments.steps + 1):
        dist.barrier()
        started = time.perf_counter()
        optimizer.zero_grad()
        head(embeddings.clone().requires_grad_(), labels).loss.backward()
        optimizer.step()
        average.update()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    held = [head.weight, head.weight.grad, *optimizer.state[head.weight].values(), *average.averaged.parameters()]
    held_mb = sum(one.numel() * one.element_size() for one in held) / 1e6
    line = json.dumps({"held_mb": held_mb, "peak_mb": _peak_mb(device) - before, "step_s": median(seconds[1:])})
    sys.stdout.write(f"{line}\n")  # in one piece: all processes write here
    sys.stdout.flush()
    dist.destroy_process_group()


def _peak_mb(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3  # kB on Linux


if __name__ == "__main__":
    main()
