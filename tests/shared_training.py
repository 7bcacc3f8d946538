"""Tiny trainings of the recogniser in one process or, run by torchrun, in several.

Arguments: folder of aligned faces, folder for what is found, number of processes, runs: the names of RUNS.
"""

import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import torch
from tiny_faces import tiny_params

from faceline.models.runtime import prepare
from faceline.packed.sets import PackedSet
from faceline.recognition.net.embedding_net import Recognizer, normalise
from faceline.recognition.training.recognizer_training import Trainer
from faceline.recognition.training.training_data import TrainingData, load_data
from faceline.training.checkpoint import Checkpoint

# name of a run: its loss, whether the head is spread over the processes, and whose checkpoint it goes on from
RUNS = {
    **{
        loss: (loss, False, None)
        for loss in ("arcface", "adaface", "curricularface", "elasticface", "magface", "triplet")
    },
    "sharded_adaface": ("adaface", True, None),
    "sharded_centers": ("subcenter_arcface", True, None),
    "resumed_centers": ("subcenter_arcface", True, "one_centers"),
    "one_centers": ("subcenter_arcface", True, None),
    "one_resumed_centers": ("subcenter_arcface", True, "sharded_centers"),
}

plain_train = Recognizer.train


def train_with_fixed_statistics(self: Recognizer, mode: bool = True) -> Recognizer:
    plain_train(self, mode)
    for module in self.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.eval()
    return self


@contextmanager
def fixed_statistics():
    """BatchNorm is held in evaluation mode: a CPU process has statistics of its own half of a batch only."""
    Recognizer.train = train_with_fixed_statistics
    try:
        yield
    finally:
        Recognizer.train = plain_train


@torch.no_grad()
def warm_statistics(trainer: Trainer, data: TrainingData) -> None:
    """Statistics of the faces: with those of a new net embeddings are next to nothing, and rounding is not."""
    net = trainer._recognizer.net
    plain_train(trainer._recognizer)
    net.neck[0].eval()  # dropout draws for as many photos as all processes have
    for _ in range(30):
        net(normalise(data.faces.batch(data.train)))


def kept(folder: Path, run: str) -> Path:
    """Where a run's checkpoint of its first epoch is kept."""
    return folder / f"{run}-epoch-1.pt"


def run_training(aligned: Path, folder: Path, processes: int, run: str) -> dict | None:
    """What a run leaves; None in all processes but the first."""
    loss, sharded, resumed = RUNS[run]
    # plain SGD with a gentle rate: AdamW divides rounding by rounding where a gradient is next to nothing
    sgd = {"optimizer": "sgd", "learning_rate": 0.003, "clip_norm": 1.0, "weight_decay": 0.0005}
    params = tiny_params(loss, epochs=2, dropout=0.3, sharded_head=sharded, **sgd)
    runtime = params.runtime.model_copy(update={"devices": processes})
    device = torch.device("cpu")
    data = load_data(PackedSet(aligned), params.recognition, 1, device)

    class Kept(Checkpoint):
        def save(self, state: dict) -> None:
            super().save(state)
            if len(state["curves"]) == 1:
                shutil.copy(self.path, kept(folder, run))

    with tempfile.TemporaryDirectory() as own, fixed_statistics():
        checkpoint = Kept("recognition", Path(own))
        if resumed:
            shutil.copy(kept(folder, resumed), checkpoint.path)
        trainer = Trainer(params.recognition, getattr(params.losses, loss), runtime, data, device, checkpoint)
        if not resumed:
            warm_statistics(trainer, data)
        finished, rows = trainer._finished, len(getattr(trainer._recognizer.head, "weight", ()))
        start = trainer._recognizer.net.neck[1].weight.detach().clone()
        trained = trainer.run()
    if trained is None:
        return None
    return {"state": trained.last.state, "curves": trained.curves, "start": start, "rows": rows, "finished": finished}


def main() -> None:
    aligned, folder, processes, *runs = sys.argv[1:]
    prepare(tiny_params().runtime)
    for run in runs:
        found = run_training(Path(aligned), Path(folder), int(processes), run)
        if found is not None:
            torch.save(found, Path(folder) / f"{run}.pt")
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
