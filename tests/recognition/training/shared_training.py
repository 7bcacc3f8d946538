"""Run by torchrun: trains a tiny recogniser in one or several processes and saves its weights.

Arguments: folder of aligned faces, loss, number of processes, where to save.
"""

import sys
import tempfile
from pathlib import Path

import torch
from tiny_faces import tiny_params

from faceline.models.runtime import prepare
from faceline.packed.sets import PackedSet
from faceline.recognition.net.embedding_net import Recognizer, normalise
from faceline.recognition.training.recognizer_training import Trainer
from faceline.recognition.training.training_data import TrainingData, load_data
from faceline.training.checkpoint import Checkpoint

plain_train = Recognizer.train


def train_with_fixed_statistics(self: Recognizer, mode: bool = True) -> Recognizer:
    plain_train(self, mode)
    for module in self.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.eval()
    return self


@torch.no_grad()
def warm_statistics(trainer: Trainer, data: TrainingData) -> None:
    """Statistics of the faces: with those of a new net embeddings are next to nothing, and rounding is not."""
    net = trainer._recognizer.net
    plain_train(trainer._recognizer)
    net.neck[0].eval()  # dropout draws for as many photos as all processes have
    for _ in range(30):
        net(normalise(data.faces.batch(data.train)))


def main() -> None:
    aligned, loss, processes, out = sys.argv[1:]
    # plain SGD with a gentle rate: AdamW divides rounding by rounding where a gradient is next to nothing
    sgd = {"optimizer": "sgd", "learning_rate": 0.003, "clip_norm": 1.0, "weight_decay": 0.0005}
    params = tiny_params(loss, epochs=2, dropout=0.3, **sgd)
    runtime = params.runtime.model_copy(update={"devices": int(processes)})
    Recognizer.train = train_with_fixed_statistics
    device = prepare(runtime)
    data = load_data(PackedSet(Path(aligned)), params.recognition, 1, device)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            params.recognition,
            getattr(params.losses, loss),
            runtime,
            data,
            device,
            Checkpoint("recognition", Path(folder)),
        )
        warm_statistics(trainer, data)
        start = trainer._recognizer.net.neck[1].weight.detach().clone()
        trained = trainer.run()
        if trained is not None:
            torch.save({"state": trained.last.state, "curves": trained.curves, "start": start}, out)


if __name__ == "__main__":
    main()
