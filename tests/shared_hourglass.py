"""A tiny training of the hourglass in one process or, run by torchrun, in several.

Arguments: folder of a landmark set, folder for what is found, number of processes.
"""

import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from unittest.mock import patch

import torch
from tiny_faces import tiny_params
from tiny_landmarks import PARAMS

from faceline.landmarks.net.hourglass import MEAN, STD, StackedHourglass, normalised
from faceline.landmarks.training.hourglass_training import Trainer, load_faces
from faceline.packed.sets import PackedSet
from faceline.training.checkpoint import Checkpoint

plain_train = StackedHourglass.train


def train_with_fixed_statistics(self, mode=True):
    plain_train(self, mode)
    for module in self.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.eval()
    return self


def run_training(crops: Path, folder: Path, processes: int) -> dict | None:
    """What two epochs leave; None in all processes but the first.

    BatchNorm is held in evaluation mode: a CPU process has statistics of its own share only. Plain SGD: AdamW divides
    rounding by rounding where a gradient is next to nothing. Shifts leave points outside some inputs.
    """
    shift = PARAMS.augmentation.model_copy(update={"shift": 0.3})
    params = PARAMS.model_copy(update={"epochs": 2, "learning_rate": 0.05, "augmentation": shift})
    runtime = tiny_params().runtime.model_copy(update={"devices": processes})
    cpu = torch.device("cpu")
    sgd = partial(torch.optim.SGD, momentum=0.9)
    with ExitStack() as patches:
        patches.enter_context(patch.object(torch.optim, "AdamW", sgd))
        patches.enter_context(patch.object(StackedHourglass, "train", train_with_fixed_statistics))
        torch.manual_seed(params.seed)
        faces = load_faces(PackedSet(crops), params, folder)
        trainer = Trainer(params, *faces, cpu, runtime, Checkpoint(f"hourglass-{processes}", folder))
        with torch.no_grad():
            plain_train(trainer._net)
            for _ in range(30):
                trainer._net(normalised(faces[1].plain(range(len(faces[1]))), MEAN, STD, cpu))
        start = trainer._net.hourglasses[0].side.branch[2].weight.detach().clone()
        trained = trainer.run()
    if trained is None:
        return None
    state = trainer._net.state_dict()
    return {"state": state, "curves": trained.curves, "moved": float((state[MIDDLE] - start).abs().max())}


MIDDLE = "hourglasses.0.side.branch.2.weight"


def main() -> None:
    crops, folder, processes = sys.argv[1:]
    torch.set_num_threads(1)
    found = run_training(Path(crops), Path(folder), int(processes))
    if found is not None:
        torch.save(found, Path(folder) / "hourglass.pt")
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
