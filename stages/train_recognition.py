"""Trains the recogniser."""

import sys
from pathlib import Path

from faceline.core.files import replacing_folder
from faceline.core.params import parse_group
from faceline.core.stage import run_stage
from faceline.models.params import RuntimeParams
from faceline.models.runtime import prepare
from faceline.packed.sets import PackedSet
from faceline.recognition.heads.registry import loss_head, loss_params
from faceline.recognition.net.backbone import load_backbone
from faceline.recognition.net.embedding_net import NetConfig
from faceline.recognition.net.recognizer_file import save_recognizer, without_head
from faceline.recognition.training.params import RecognitionParams
from faceline.recognition.training.recognizer_report import write_training_report
from faceline.recognition.training.recognizer_training import Trainer
from faceline.recognition.training.training_data import load_data
from faceline.recognition.training.untrained import untrained
from faceline.recognition.training.validation import DEV_TPR
from faceline.training.checkpoint import Checkpoint, checkpoint_key
from faceline.training.curves import LiveCurves
from faceline.training.processes import launched


def train_recognition(
    recognition: RecognitionParams, losses: dict, runtime: RuntimeParams, aligned: Path, model: Path, report: Path
) -> None:
    """Trains on the train people, chooses the epoch on the dev people; a killed run resumes after its last epoch.

    With no epochs the model file holds the pretrained net as it is, without a head, and so where no epoch was as good
    as that start and the head had been drawn at random.
    """
    name = recognition.loss
    loss = parse_group(loss_params(name), losses.get(name), f"losses.{name}")
    if recognition.epochs and launched("stages.train_recognition", sys.argv[1:], runtime):
        return
    device = prepare(runtime)
    packed = PackedSet(aligned)
    depends_on = {
        "recognition": recognition.model_dump(),
        "loss": loss.model_dump(),
        # any number of processes goes on from the checkpoint of any other
        "runtime": runtime.model_dump(include={"device", "threads"}),
        "device": device.type,
    }
    load_backbone(recognition.backbone)  # its code and the loss's are part of the key
    loss_head(name)
    checkpoint = Checkpoint(checkpoint_key("recognition", depends_on, [aligned, Path(recognition.pretrained)]))
    data = load_data(packed, recognition, runtime.workers, device)
    if recognition.epochs:
        trained = Trainer(recognition, loss, runtime, data, device, checkpoint).run(LiveCurves(report))
    else:
        trained = untrained(recognition, data, device)
    if trained is None:
        return
    best = trained.best
    has_head = best.epoch > 0 or (recognition.epochs > 0 and recognition.head_start == "means")
    synthetic = packed.metadata["synthetic"]
    with replacing_folder(report) as folder:
        write_training_report(folder, trained, data, recognition, synthetic)
    save_recognizer(
        model,
        best.state if has_head else without_head(best.state),
        NetConfig.from_params(recognition),
        {
            "people": data.people if has_head else [],
            "loss": {"name": name, "params": loss.model_dump()} if has_head else None,
            "align": {key: packed.metadata[key] for key in ("size_px", "template", "landmarks")},
            "template": packed.metadata["template"],
            "synthetic": synthetic,
            "pretrained": recognition.pretrained,
            "checkpoint": "best",
            "epoch": best.epoch,
            "dev_metric": best.figures[DEV_TPR],
        },
    )
    checkpoint.remove()


if __name__ == "__main__":
    run_stage(train_recognition)
