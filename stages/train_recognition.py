"""Trains the recogniser."""

import sys
from pathlib import Path

from faceline.training.checkpoint import Checkpoint, checkpoint_key
from faceline.core.files import replacing_folder
from faceline.packed.sets import PackedSet
from faceline.models.runtime import RuntimeParams
from faceline.recognition.training.params import RecognitionParams
from faceline.models.runtime import prepare
from faceline.core.stage import run_stage
from faceline.recognition.training.training_data import load_data
from faceline.recognition.net.recognizer_file import save_recognizer
from faceline.recognition.training.processes import launch, must_launch
from faceline.recognition.training.recognizer_training import Trainer
from faceline.recognition.training.recognizer_report import write_training_report


def train_recognition(
    recognition: RecognitionParams, runtime: RuntimeParams, aligned: Path, model: Path, report: Path
) -> None:
    """Trains on the train people, chooses the epoch on the dev people; a killed run carries on where it was."""
    if must_launch(runtime):
        launch("stages.train_recognition", sys.argv[1:], runtime)
        return
    device = prepare(runtime)
    packed = PackedSet(aligned)
    facts = {"recognition": recognition.model_dump(), "runtime": runtime.model_dump(), "device": device.type}
    checkpoint = Checkpoint(checkpoint_key("recognition", facts, [aligned, Path(recognition.pretrained)]))
    data = load_data(packed, recognition, runtime.workers, device)
    trained = Trainer(recognition, runtime, data, device, checkpoint).run()
    if trained is None:
        return
    with replacing_folder(report) as folder:
        write_training_report(folder, trained, data, recognition)
    loss = getattr(recognition.losses, recognition.loss)
    save_recognizer(
        model,
        trained.best.state,
        trained.config,
        {
            "people": data.people,
            "loss": {"name": recognition.loss, "params": loss.model_dump()},
            "align": {key: packed.metadata[key] for key in ("size_px", "template", "landmarks")},
            "template": packed.metadata["template"],
            "drawn": packed.metadata["drawn"],
            "pretrained": recognition.pretrained,
            "checkpoint": "best",
            "epoch": trained.best.epoch,
            "dev_metric": trained.best.validation.dev_tpr,
        },
    )
    checkpoint.remove()


if __name__ == "__main__":
    run_stage(train_recognition)
