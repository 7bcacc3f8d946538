"""Trains the stacked hourglass."""

import sys
from pathlib import Path

from faceline.core.files import replacing_folder
from faceline.core.stage import run_stage
from faceline.landmarks.net.predictor import save_hourglass
from faceline.landmarks.training.hourglass_report import write_training_report
from faceline.landmarks.training.hourglass_training import Trainer, load_faces
from faceline.landmarks.training.params import LandmarkParams
from faceline.models.params import RuntimeParams
from faceline.models.runtime import prepare, seed_everything
from faceline.packed.sets import PackedSet
from faceline.training.checkpoint import Checkpoint, checkpoint_key
from faceline.training.curves import LiveCurves
from faceline.training.processes import launched


def train_landmarks(
    landmarks: LandmarkParams, runtime: RuntimeParams, crops: Path, model: Path, report: Path
) -> None:
    """Trains on the train faces, chooses the epoch on the dev faces; a killed run carries on where it was."""
    if launched("stages.train_landmarks", sys.argv[1:], runtime):
        return
    device = prepare(runtime)
    seed_everything(landmarks.seed)
    packed = PackedSet(crops)
    depends_on = {
        "landmarks": landmarks.model_dump(),
        # any number of processes goes on from the checkpoint of any other
        "runtime": runtime.model_dump(include={"device", "threads"}),
        "device": device.type,
    }
    checkpoint = Checkpoint(checkpoint_key("landmarks", depends_on, [crops]))
    train, dev = load_faces(packed, landmarks)
    trainer = Trainer(landmarks, train, dev, device, runtime, checkpoint)
    trained = trainer.run(LiveCurves(report))
    if trained is None:
        return
    with replacing_folder(report) as folder:
        write_training_report(folder, trained, train, landmarks)
    save_hourglass(
        model,
        trained.net,
        trainer.config,
        margin=landmarks.margin,
        labels=packed.metadata["labels"],
        training={
            "checkpoint": "best",
            "epoch": trained.epoch,
            "dev_nme": trained.dev_nme,
            "last_dev_nme": trained.last_dev_nme,
            "epochs": landmarks.epochs,
        },
    )
    checkpoint.remove()


if __name__ == "__main__":
    run_stage(train_landmarks)
