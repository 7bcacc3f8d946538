"""What the landmark net costs beside its bare forward pass, in ratios measured side by side in one run.

    python -m benchmarks.landmarks

Prints JSON. `decode`: net and decoding over the net alone, on one batch. `predict`: from windows in memory to
points in photo px over the net alone. `wait_share`: part of a training's time spent waiting for data. `peer_decode`:
the time of a loop over heatmaps, the usual decoding, over ours. `peer_align`: the time that scikit-image takes
to align a face, over ours; `peer_align_difference` is the mean difference of the two tiles in grey levels.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import torch
from skimage.transform import SimilarityTransform, warp

from benchmarks.alternating import record
from faceline.alignment.fit.alignment import fit_alignment
from faceline.alignment.geometry.template import TEMPLATE, template
from faceline.boxes.boxes import box_around
from faceline.core.columns import BOX_COLUMNS, POINTS
from faceline.imaging.images import encode_jpeg
from faceline.landmarks.net.codec import STRIDE, Codec
from faceline.landmarks.net.hourglass import MEAN, STD, StackedHourglass, normalised
from faceline.landmarks.net.predictor import LandmarkPredictor
from faceline.landmarks.training.hourglass_training import Trainer, load_faces, net_config
from faceline.models.runtime import prepare, seed_everything
from faceline.packed.sets import PackedSet, PackedWriter
from faceline.points.points import point_table
from faceline.settings.schema import Params, load_params
from faceline.training.checkpoint import Checkpoint
from faceline.windows.windows import WINDOW_COLUMNS, compose, sample, window_around

BATCH = 64
ROUNDS = 9
FACES = 160


def side_by_side(rounds: int, *works: Callable[[], object]) -> list[np.ndarray]:
    """Seconds of each in each round, taken in turns so that whatever else the machine does meets all alike."""
    times: list[list[float]] = [[] for _ in works]
    for work in works:
        work()
    for _ in range(rounds):
        for work, taken in zip(works, times, strict=True):
            started = time.perf_counter()
            work()
            taken.append(time.perf_counter() - started)
    return [np.array(taken) for taken in times]


def quarter_offset_loop(heatmaps: np.ndarray) -> np.ndarray:
    """The decoding of many public hourglasses: highest pixel, a quarter towards the higher neighbour, in a loop."""
    out = np.zeros((*heatmaps.shape[:2], 2))
    for n, face in enumerate(heatmaps):
        for k, heatmap in enumerate(face):
            y, x = np.unravel_index(heatmap.argmax(), heatmap.shape)
            point = np.array([x, y], float)
            if 0 < x < heatmap.shape[1] - 1 and 0 < y < heatmap.shape[0] - 1:
                point[0] += 0.25 * np.sign(heatmap[y, x + 1] - heatmap[y, x - 1])
                point[1] += 0.25 * np.sign(heatmap[y + 1, x] - heatmap[y - 1, x])
            out[n, k] = (point + 0.5) * STRIDE - 0.5
    return out


def inference(params: Params, device: torch.device) -> dict[str, float]:
    """Ratios of decoding and of the whole prediction to the bare net."""
    landmarks = params.landmarks
    rng = np.random.default_rng(0)
    config = net_config(landmarks)
    metadata = {"input_px": config.input_px, "config": asdict(config), "points": list(POINTS), "synthetic": True}
    metadata |= {"margin": landmarks.margin, "mean": MEAN, "std": STD}
    predictor = LandmarkPredictor(StackedHourglass(config), metadata, device)
    box = np.array([60.0, 50.0, 130.0, 180.0])
    window = window_around(box, params.crop.context, params.crop.max_px)
    side = window.stored_px
    images = list(rng.integers(0, 256, (BATCH, side, side, 3), dtype=np.uint8))
    views = np.repeat(compose(window.from_photo(), predictor.view(box))[None], BATCH, axis=0)
    pixels = rng.integers(0, 256, (BATCH, config.input_px, config.input_px, 3), dtype=np.uint8)
    inputs = normalised(pixels, MEAN, STD, device)
    codec = Codec(config.input_px, config.sigma_px)
    points = torch.from_numpy(rng.uniform(5, config.input_px - 5, (BATCH, 5, 2)))
    heatmaps = codec.encode(points)[0]

    def decoding() -> torch.Tensor:
        return codec.decode(predictor.net(inputs)[-1])[0].cpu()

    def bare() -> torch.Tensor:
        # to the CPU, so that the time on a GPU is that of the work and not of its start
        return predictor.net(inputs)[-1].cpu()

    with torch.inference_mode():
        net, decoded, predicted, ours, peer = side_by_side(
            ROUNDS,
            bare,
            decoding,
            lambda: predictor.predict(images, views, BATCH),
            lambda: codec.decode(heatmaps),
            lambda: quarter_offset_loop(heatmaps.numpy()),
        )
        error = (codec.decode(heatmaps)[0] - points).norm(dim=-1).mean().item()
        peer_error = np.linalg.norm(quarter_offset_loop(heatmaps.numpy()) - points.numpy(), axis=-1).mean()
    record({"decode": decoded / net, "predict": predicted / net, "peer_decode": peer / ours})
    return {
        "decode": np.median(decoded / net),
        "predict": np.median(predicted / net),
        "peer_decode": np.median(peer / ours),
        "decode_error_px": error,
        "peer_decode_error_px": float(peer_error),
        "photos_per_s": BATCH / np.median(predicted),
    }


def alignment(params: Params) -> dict[str, float]:
    """scikit-image's time for aligning one face at a time over ours, a batch of windows as the chain has them.

    Eyes are as far apart in the windows as in the template or less, where neither side has to shrink pixels.
    """
    rng = np.random.default_rng(0)
    size = params.align.size_px
    noise = rng.integers(0, 256, (BATCH, 24, 24, 3), dtype=np.uint8)
    images = [cv2.resize(one, (200, 200), interpolation=cv2.INTER_CUBIC) for one in noise]
    scales = rng.uniform(0.7, 1.0, (BATCH, 1, 1))
    points = TEMPLATE * scales + rng.normal(0, 1.5, (BATCH, 5, 2)) + 30

    def ours() -> list[np.ndarray]:
        fit = fit_alignment(points, params.align)
        return [sample(image, affine, size) for image, affine in zip(images, fit.to_photo, strict=True)]

    def peer() -> list[np.ndarray]:
        goal = template(size)
        tiles = []
        for image, mine in zip(images, points, strict=True):
            fit = SimilarityTransform.from_estimate(mine, goal)
            tiles.append(warp(image, fit.inverse, output_shape=(size, size), order=1, preserve_range=True))
        return tiles

    fast, slow = side_by_side(ROUNDS, ours, peer)
    difference = np.abs(np.array(ours(), float) - np.array(peer())).mean()
    record({"peer_align": slow / fast})
    return {
        "peer_align": np.median(slow / fast),
        "peer_align_difference": float(difference),
        "aligned_per_s": BATCH / np.median(fast),
    }


def training(params: Params, device: torch.device) -> dict[str, float]:
    """Two epochs on noise: how long training waits for augmented faces."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        windows, points = [], []
        for _ in range(FACES):
            points.append(TEMPLATE * rng.uniform(0.8, 1.6) + 100)
            windows.append(window_around(box_around(points[-1]), params.crop.context, params.crop.max_px))
        rows = pd.DataFrame({"image_id": [f"{n}.jpg" for n in range(FACES)]})
        rows["split"] = np.where(np.arange(FACES) < 16, "dev", "train")
        rows[BOX_COLUMNS] = box_around(np.array(points))
        rows = pd.concat([rows, point_table(np.array(points))], axis=1)
        rows[WINDOW_COLUMNS] = [[w.x, w.y, w.side, w.stored_px] for w in windows]
        images = [rng.integers(0, 256, (w.stored_px, w.stored_px, 3), dtype=np.uint8) for w in windows]
        with PackedWriter(Path(folder)) as writer:
            writer.write(rows, [encode_jpeg(image, params.crop.jpeg_quality) for image in images])
        landmarks = params.landmarks.model_copy(update={"epochs": 2})
        seed_everything(landmarks.seed)
        faces = load_faces(PackedSet(Path(folder)), landmarks, Path(folder))
        checkpoint = Checkpoint("benchmark", Path(folder))
        trainer = Trainer(landmarks, *faces, device, params.runtime, checkpoint)
        started = time.perf_counter()
        trained = trainer.run()
        seconds = time.perf_counter() - started
    record({"wait_hourglass": [trained.wait_share]})
    return {"wait_share": trained.wait_share, "trained_photos_per_s": 2 * (FACES - 16) / seconds}


def main() -> None:
    """Runs all with the present params.yaml and prints what came out."""
    params = load_params()
    device = prepare(params.runtime)
    results = inference(params, device) | alignment(params) | training(params, device)
    print(json.dumps({name: round(float(value), 3) for name, value in results.items()}, indent=2))


if __name__ == "__main__":
    main()
