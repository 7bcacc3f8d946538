"""The sample data set: which photos it holds, and its files in CelebA's own forms."""

import multiprocessing
import signal
import zipfile
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from faceline.annotations.celeba import PARTITION, write_celeba
from faceline.boxes.boxes import CELEBA_HEIGHT_PER_WIDTH, box_around
from faceline.core.columns import ATTRIBUTES, BOX_COLUMNS, IMAGE_ID, PERSON, POINT_COLUMNS, SYNTHETIC_PREFIX
from faceline.core.errors import FacelineError
from faceline.core.files import replacing_folder
from faceline.imaging.images import encode_jpeg
from faceline.imaging.parallel import usable_cores
from faceline.imaging.progress import track
from faceline.points.points import FLIPPED
from faceline.sample.params import SampleParams
from faceline.sample.scene import Figure, draw_photo
from faceline.sample.synthetic_person import attribute_row, draw_person, draw_shot

PARTITIONS = {"train": 0, "dev": 1, "query": 2, "distractor": 2}
EXTRA_SHARES = {"blurry": 0.05, "tiny": 0.015}  # of the good photos, on top of them
BYSTANDER_SHARE = 0.04  # of the good photos, among them
FEW_PHOTOS_SHARE = 0.05  # of the people, on top of them, with one photo each
BOX_PX = {"good": (74.0, 165.0), "blurry": (74.0, 165.0), "tiny": (22.0, 34.0)}
BOX_SIZE_SD, BOX_PLACE_SD = 0.05, 0.04  # of the box: CelebA's boxes are loose
COPY_SCALE, COPY_QUALITY = 0.96, 78
CROP_MARGIN = 0.35  # of the box's width, left on every side where a copy is cropped
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


Picture = tuple[np.ndarray, np.ndarray, np.ndarray]  # pixels, box, points
Drawn = tuple[bytes, np.ndarray, np.ndarray, list[int]]  # JPEG, box, points, attributes


@dataclass(frozen=True)
class Shoot:
    """One photo to draw: `person` and `number` seed what it shows; `labelled` is whose it is said to be."""

    person: int
    number: int
    labelled: int
    partition: int
    kind: str = "good"  # good | blurry | tiny
    bystander: bool = False
    box_known: bool = True
    copy: str = ""  # the same picture saved again: a little smaller | mirrored | cropped


def plan_shoots(params: SampleParams) -> list[Shoot]:
    """All photos in the order of their image ids; people and kinds are mixed.

    Good photos alone fill every role. On top come blurry and tiny faces, one face without a box, people with one
    photo, and four near-duplicates: three of the same person (a little smaller, mirrored, cropped), one under another
    person's number.
    """
    rng = np.random.default_rng([params.seed, 0])
    people = [(PARTITIONS[name], role.photos) for name, role in params.roles for _ in range(role.people)]
    people += [(0, 1)] * max(1, round(FEW_PHOTOS_SHARE * len(people)))
    good = [
        Shoot(int(person), number, int(person), partition, bystander=bool(rng.random() < BYSTANDER_SHARE))
        for person, (partition, photos) in zip(rng.permutation(len(people)) + 1, people, strict=True)
        for number in range(photos)
    ]
    kinds = [kind for kind, share in EXTRA_SHARES.items() for _ in range(round(share * len(good)) + 1)] + ["good"] * 5
    hosts = (good[i] for i in rng.integers(len(good), size=len(kinds)))
    extras = zip(hosts, range(1000, 1000 + len(kinds)), kinds, strict=True)
    *extra, boxless, shared = (replace(h, number=n, kind=k, bystander=False) for h, n, k in extras)
    faulty, twice = extra[: -len(COPIES)], extra[-len(COPIES) :]
    other = next(shoot for shoot in good if shoot.person != shared.person)
    lent = replace(shared, labelled=other.person, partition=other.partition, copy="smaller")
    copies = [replace(shoot, copy=kind) for shoot, kind in zip(twice, COPIES, strict=True)]
    shoots = [*good, *faulty, replace(boxless, box_known=False), *twice, *copies, shared, lent]
    return [shoots[i] for i in rng.permutation(len(shoots))]


def draw_shoot(shoot: Shoot, params: SampleParams) -> Drawn:
    """Draws and encodes one photo; everything about it follows from its own seed.

    Returns JPEG bytes, box (x, y, width, height; zeros where it is not known), (5, 2) points, 40 attributes of 1 / 0.
    """
    rng = np.random.default_rng([params.seed, 2, shoot.person, shoot.number])
    person = draw_person(np.random.default_rng([params.seed, 1, shoot.person]))
    size = rng.integers(params.min_photo_px, params.max_photo_px + 1, 2)
    loose = np.clip(rng.normal(size=3), -2.5, 2.5) * (BOX_SIZE_SD, BOX_PLACE_SD, BOX_PLACE_SD)
    low, high = BOX_PX[shoot.kind]
    high = min(high, 0.72 * (size / (1, CELEBA_HEIGHT_PER_WIDTH)).min())
    width = min(max(np.sqrt(low * high) * np.exp(rng.normal(0, 0.22)), low), high)
    shot = draw_shot(rng, person, blur_px=width * rng.uniform(0.018, 0.04) if shoot.kind == "blurry" else 0.0)
    margin = width * (0.5 + 0.5 * abs(loose[0]) + np.abs(loose[1:])) * (1, CELEBA_HEIGHT_PER_WIDTH) + 2
    center = rng.uniform(margin, size - margin)
    figures = [Figure(person, shot, width, center)]
    if shoot.bystander:
        stranger, smaller = draw_person(rng), width * rng.uniform(0.55, 0.8)
        aside = np.array([0.66 * (width + smaller) * (1 if center[0] < size[0] / 2 else -1), 0])
        figures.insert(0, Figure(stranger, draw_shot(rng, stranger), smaller, center + aside))
    photo, points = draw_photo(figures, tuple(size.tolist()), rng)
    box = box_around(points)
    box[:2] += box[2:] * (loose[1:] - loose[0] / 2)
    box[2:] *= 1 + loose[0]
    quality = params.jpeg_quality
    if shoot.copy:
        photo, box, points = COPIES[shoot.copy](photo, box, points)
        quality = min(quality, COPY_QUALITY)
    jpeg = encode_jpeg(photo, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420)
    return jpeg, box * shoot.box_known, points, attribute_row(person, shot)


def _smaller(photo: np.ndarray, box: np.ndarray, points: np.ndarray) -> Picture:
    photo = cv2.resize(photo, None, fx=COPY_SCALE, fy=COPY_SCALE, interpolation=cv2.INTER_AREA)
    return photo, box * COPY_SCALE, (points + 0.5) * COPY_SCALE - 0.5


def _mirrored(photo: np.ndarray, box: np.ndarray, points: np.ndarray) -> Picture:
    width = photo.shape[1]
    turned = points[list(FLIPPED)] * (-1, 1) + (width - 1, 0)
    return np.ascontiguousarray(photo[:, ::-1]), np.array([width - box[0] - box[2], *box[1:]]), turned


def _cropped(photo: np.ndarray, box: np.ndarray, points: np.ndarray) -> Picture:
    margin = CROP_MARGIN * box[2]
    left, top = np.maximum(box[:2] - margin, 0).astype(int)
    right, bottom = (box[:2] + box[2:] + margin).astype(int)
    return photo[top:bottom, left:right], box - (left, top, 0, 0), points - (left, top)


COPIES = {"smaller": _smaller, "mirrored": _mirrored, "cropped": _cropped}


def draw_sample(params: SampleParams, out: Path, workers: int | None = None) -> None:
    """Draws the sample and writes it to the folder `out`, whole or not at all.

    The same params give the same bytes, however many processes (`workers`, by default one per core) draw.

    Raises:
        FacelineError: a process that draws ended before its work was done.
    """
    shoots, rows = plan_shoots(params), []
    names = [f"{SYNTHETIC_PREFIX}{i:06d}.jpg" for i in range(1, len(shoots) + 1)]
    with (
        replacing_folder(out) as folder,
        zipfile.ZipFile(folder / "img_celeba.zip", "w") as archive,
        closing(_drawn(shoots, params, workers or usable_cores())) as made,
    ):
        photos = zip(names, shoots, made, strict=True)
        for name, shoot, (jpeg, box, points, attributes) in track(photos, "drawing the sample", len(names)):
            archive.writestr(zipfile.ZipInfo(f"img_celeba/{name}", ZIP_TIME), jpeg)
            rows.append((name, shoot.labelled, shoot.partition, *box, *points.ravel(), *attributes))
        columns = [IMAGE_ID, PERSON, PARTITION, *BOX_COLUMNS, *POINT_COLUMNS, *ATTRIBUTES]
        write_celeba(folder, pd.DataFrame(rows, columns=columns))


def _drawn(shoots: Sequence[Shoot], params: SampleParams, workers: int) -> Generator[Drawn, None, None]:
    """Photos in the order of `shoots`, drawn by processes that take turns.

    Each sends through a pipe of its own. A pool's tasks are lost with a worker that is killed, and it would wait for
    them without end; a pipe ends with its process, on either side.
    """
    spawn, ends, processes = multiprocessing.get_context("spawn"), [], []
    try:
        for first in range(workers):
            receiving, sending = spawn.Pipe(duplex=False)
            process = spawn.Process(target=_draw, args=(sending, shoots[first::workers], params), daemon=True)
            process.start()
            sending.close()
            ends.append(receiving)
            processes.append(process)
        for place in range(len(shoots)):
            try:
                yield ends[place % workers].recv()
            except (EOFError, OSError):  # before a message, or within one
                raise FacelineError("sample: a process that draws has ended or was killed; run it again") from None
    finally:
        for end in ends:
            end.close()
        for process in processes:
            process.terminate()
            process.join()


def _draw(sending: Connection, shoots: Sequence[Shoot], params: SampleParams) -> None:
    """What a process does; it ends quietly when nobody receives any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches it too, and is the first process's to answer
    cv2.setNumThreads(0)
    for shoot in shoots:
        try:
            sending.send(draw_shoot(shoot, params))
        except BrokenPipeError:
            return
