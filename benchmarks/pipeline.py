"""Photos a second against facenet-pytorch as its examples use it, on the same photos, in one run.

Its examples take one photo at a time through MTCNN with `keep_all`, then InceptionResnetV1. Ours: photos in batches
through detector, hourglass, alignment and recogniser. Nets but the detectors' are untrained: only their time counts
here. Rounds alternate, so that whatever else the machine does falls on both. Prints ratios. The last lines are
what follows detection (hourglass, alignment, the recogniser of celeba-small with mirror images) over detection.

    python -m benchmarks.pipeline --celeba data/celeba --photos 200
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from facenet_pytorch import MTCNN, InceptionResnetV1
from PIL import Image

from benchmarks.alternating import record
from faceline.alignment.geometry.template import TEMPLATE
from faceline.annotations.celeba import read_file
from faceline.boxes.boxes import BoxMap, box_around, iou
from faceline.core.columns import BOX_COLUMNS, POINTS
from faceline.detection.detections import DetectorSettings, FaceFinder
from faceline.detection.registry import load_detector
from faceline.imaging.images import decode_rgb
from faceline.landmarks.net.hourglass import MEAN, STD, HourglassConfig, StackedHourglass
from faceline.landmarks.net.predictor import LandmarkPredictor
from faceline.photos.photos import open_photos
from faceline.pipeline.face_pipeline import PHOTOS_PER_BATCH, FacePipeline
from faceline.pipeline.photo_files import Photo
from faceline.recognition.net.embedding_net import EmbeddingNet, NetConfig, normalise
from faceline.settings.variants import load_variant
from faceline.windows.windows import invert, net_view, transform

MIN_IOU = 0.4


class ProportionedPredictor(LandmarkPredictor):
    """Takes the time of the hourglass, but answers with the template's proportions, as a trained one would."""

    def predict(
        self, images: Sequence[np.ndarray], to_image: np.ndarray, batch_size: int = 64
    ) -> tuple[np.ndarray, np.ndarray]:
        _, scores = super().predict(images, to_image, batch_size)
        view = net_view(box_around(TEMPLATE + 0.5), self.metadata["margin"], self.input_px)
        points = transform(invert(view), TEMPLATE)
        return transform(to_image, np.repeat(points[None], len(images), axis=0)), scores


class NetEmbedder:
    """A net without a model file."""

    synthetic = False

    def __init__(self, net: torch.nn.Module, px: int) -> None:
        self._net = net.eval().to(memory_format=torch.channels_last)
        self._px = px

    @torch.inference_mode()
    def embed(self, images: Sequence[np.ndarray], flip: bool, batch_size: int = 64) -> np.ndarray:
        batch = normalise(torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2))
        if self._px != batch.shape[-1]:
            batch = torch.nn.functional.interpolate(batch, (self._px, self._px), mode="bilinear")
        return (self._net(batch) + self._net(batch.flip(3)) if flip else self._net(batch)).numpy()


def mtcnn(min_face_px: int, min_score: float) -> FaceFinder:
    detector = load_detector("mtcnn", DetectorSettings("none", min_face_px, 4096, min_score))
    detector.box_map = BoxMap(1.19, 1.3)
    return detector


def predictor() -> LandmarkPredictor:
    config = HourglassConfig(stacks=2, channels=64, depth=4, input_px=128, sigma_px=1.5)
    metadata = {
        "config": asdict(config),
        "input_px": config.input_px,
        "margin": -0.05,
        "mean": list(MEAN),
        "std": list(STD),
        "points": list(POINTS),
        "synthetic": False,
    }
    return ProportionedPredictor(StackedHourglass(config), metadata, torch.device("cpu"))


def as_in_examples(min_face_px: int) -> tuple[Callable, Callable]:
    """facenet-pytorch as its examples use it: detection, and detection with embedding, of one photo at a time."""
    detector = MTCNN(keep_all=True, min_face_size=min_face_px)
    embedder = InceptionResnetV1(pretrained=None).eval()

    def detect(photos: list[Photo]) -> list[np.ndarray]:
        found = [detector.detect(Image.fromarray(photo.image))[0] for photo in photos]
        return [_boxes(corners) for corners in found]

    @torch.inference_mode()
    def all_steps(photos: list[Photo]) -> None:
        for photo in photos:
            faces = detector(Image.fromarray(photo.image))
            if faces is not None:
                embedder(faces)

    return detect, all_steps


def ours(min_face_px: int, embedder: NetEmbedder) -> tuple[Callable, Callable]:
    """The same two things done by faceline."""
    detector = mtcnn(min_face_px, 0.0)
    pipeline = FacePipeline(detector, predictor(), embedder, flip=False)

    def detect(photos: list[Photo]) -> list[np.ndarray]:
        found = pipeline.run(photos, "detect")
        return [np.array([face.box for face in entry.faces]).reshape(-1, 4) for entry in found]

    return detect, lambda photos: list(pipeline.run(photos, "embed"))


def after_detection(min_face_px: int, photos: list[Photo]) -> float:
    """Seconds of all later steps over those of detection, with celeba-small's nets."""
    recognition = load_variant("celeba-small").recognition
    embedder = NetEmbedder(EmbeddingNet(NetConfig.from_params(recognition)), recognition.input_px)
    detector = mtcnn(min_face_px, 0.9)
    pipeline = FacePipeline(detector, predictor(), embedder, flip=True)
    before = after = 0.0
    for first in range(0, len(photos), PHOTOS_PER_BATCH):
        started = time.perf_counter()
        found = pipeline.detect(photos[first : first + PHOTOS_PER_BATCH])
        between = time.perf_counter()
        pipeline.embed(pipeline.align(pipeline.find_landmarks(found)))
        before += between - started
        after += time.perf_counter() - between
    return after / before


def recogniser_alone(embedder: NetEmbedder, faces: int) -> float:
    """Seconds for the embeddings of so many faces in one batch: all our steps with this net can hardly take less."""
    tiles = [np.zeros((112, 112, 3), np.uint8)] * faces
    started = time.perf_counter()
    embedder.embed(tiles, flip=False)
    return time.perf_counter() - started


def recall(found: list[np.ndarray], truth: np.ndarray) -> float:
    return float(
        np.mean([iou(boxes, box).max(initial=0) >= MIN_IOU for boxes, box in zip(found, truth, strict=True)])
    )


def _boxes(corners: np.ndarray | None) -> np.ndarray:
    if corners is None:
        return np.zeros((0, 4))
    corners = np.asarray(corners, float)
    return np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)


def _seconds(work: Callable, photos: list[Photo]) -> float:
    start = time.perf_counter()
    work(photos)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--celeba", type=Path, default=Path("data/sample"), help="a folder in CelebA's layout")
    parser.add_argument("--photos", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    images = options.celeba / "img_celeba"
    boxes = read_file(options.celeba / "list_bbox_celeba.txt", "boxes")
    boxes = boxes.iloc[:: max(1, len(boxes) // options.photos)].head(options.photos)
    with open_photos(images if images.exists() else images.with_suffix(".zip")) as source:
        photos = [Photo(name, "ok", image=decode_rgb(source.read(name))) for name in boxes.image_id]
    truth = boxes[BOX_COLUMNS].to_numpy(float)
    light = NetEmbedder(EmbeddingNet(NetConfig("mobilenet_v3_small", 512, 2, 0.0, 112)), 112)
    same = NetEmbedder(InceptionResnetV1(pretrained=None), 160)
    print(f"{len(photos)} photos, {options.threads} threads; photos a second, best of {options.rounds} rounds")
    print(f"{'min face':>8}  {'step':<38}{'usual':>8}{'ours':>8}{'ratio':>7}")
    for min_face_px in (20, 40):
        usual_detect, usual_all = as_in_examples(min_face_px)
        our_detect, our_light = ours(min_face_px, light)
        _, our_same = ours(min_face_px, same)
        figures = {}
        for key, name, usual, mine in (
            ("detection", "detection", usual_detect, our_detect),
            ("light", "all, our default nets", usual_all, our_light),
            ("all", "all, and InceptionResnetV1 for both", usual_all, our_same),
        ):
            usual(photos[:4])
            mine(photos[:4])
            rounds = [(_seconds(usual, photos), _seconds(mine, photos)) for _ in range(options.rounds)]
            figures[f"{key}_{min_face_px}"] = [slow / fast for slow, fast in rounds]
            usual_s = min(slow for slow, _ in rounds)  # in the end, of all steps with InceptionResnetV1
            theirs, own = (len(photos) / min(times) for times in zip(*rounds, strict=True))
            print(f"{min_face_px:>8}  {name:<38}{theirs:>8.1f}{own:>8.1f}{own / theirs:>7.2f}", flush=True)
        found = our_detect(photos)
        theirs, own = recall(usual_detect(photos), truth), recall(found, truth)
        print(f"{min_face_px:>8}  {f'recall at IoU {MIN_IOU}':<38}{theirs:>8.3f}{own:>8.3f}", flush=True)
        note = f"recall {theirs:.3f}, ours {own:.3f}, {len(photos)} photos"
        after_detection(min_face_px, photos[:PHOTOS_PER_BATCH])
        after = after_detection(min_face_px, photos)
        print(f"{min_face_px:>8}  {'after detection / detection':<38}{after:>23.2f}")
        faces = sum(map(len, found))
        limit = usual_s / min(recogniser_alone(same, faces) for _ in range(options.rounds))
        print(f"{min_face_px:>8}  {'all, if only the recogniser took time':<38}{limit:>23.2f}")
        notes = {
            f"detection_{min_face_px}": note,
            f"all_{min_face_px}": f"{limit:.1f} if our recogniser alone took time, {faces} faces",
        }
        record(figures | {f"after_{min_face_px}": [after]}, notes)


if __name__ == "__main__":
    main()
