"""The sample data set: which photos it holds, and its files in CelebA's own forms."""

from __future__ import annotations

import multiprocessing
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from faceline.imaging.parallel import usable_cores
from faceline.core.files import replacing_folder
from faceline.core.columns import SYNTHETIC_PREFIX
from faceline.core.columns import ATTRIBUTES
from faceline.sample.params import SampleParams
from faceline.imaging.progress import track
from faceline.sample.person import attribute_row, draw_person, draw_shot
from faceline.sample.scene import BOX_ASPECT, Figure, draw_photo, face_box

PARTITIONS = {"train": 0, "dev": 1, "query": 2, "distractor": 2}
EXTRA_SHARES = {"blurry": 0.05, "tiny": 0.015}  # of the good photos, on top of them
BYSTANDER_SHARE = 0.04  # of the good photos, among them
FEW_PHOTOS_SHARE = 0.05  # of the people, on top of them, with one photo each
BOX_PX = {"good": (74.0, 165.0), "blurry": (74.0, 165.0), "tiny": (22.0, 34.0)}
BOX_SIZE_SD, BOX_PLACE_SD = 0.05, 0.04  # of the box: CelebA's boxes are loose
COPY_SCALE, COPY_QUALITY = 0.96, 78
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
POINTS = ("lefteye", "righteye", "nose", "leftmouth", "rightmouth")


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
    copy: bool = False  # the same picture saved again, a little smaller


def plan_shoots(params: SampleParams) -> list[Shoot]:
    """All photos in the order of their image ids; people and kinds are mixed.

    Good photos alone fill every role. On top come blurry and tiny faces, one face without a box, people with one
    photo, and two near-duplicates: one of the same person, one under another person's number.
    """
    rng = np.random.default_rng([params.seed, 0])
    people = [(PARTITIONS[name], role.photos) for name, role in params.roles for _ in range(role.people)]
    people += [(0, 1)] * max(1, round(FEW_PHOTOS_SHARE * len(people)))
    good = [
        Shoot(int(person), number, int(person), partition, bystander=bool(rng.random() < BYSTANDER_SHARE))
        for person, (partition, photos) in zip(rng.permutation(len(people)) + 1, people, strict=True)
        for number in range(photos)
    ]
    kinds = [kind for kind, share in EXTRA_SHARES.items() for _ in range(round(share * len(good)) + 1)] + ["good"] * 3
    hosts = (good[i] for i in rng.integers(len(good), size=len(kinds)))
    extras = zip(hosts, range(1000, 1000 + len(kinds)), kinds, strict=True)
    *faulty, boxless, twice, shared = (replace(h, number=n, kind=k, bystander=False) for h, n, k in extras)
    other = next(shoot for shoot in good if shoot.person != shared.person)
    lent = replace(shared, labelled=other.person, partition=other.partition, copy=True)
    shoots = [*good, *faulty, replace(boxless, box_known=False), twice, replace(twice, copy=True), shared, lent]
    return [shoots[i] for i in rng.permutation(len(shoots))]


def draw_shoot(shoot: Shoot, params: SampleParams) -> tuple[bytes, np.ndarray, np.ndarray, list[int]]:
    """Draws and encodes one photo; everything about it follows from its own seed.

    Returns JPEG bytes, whole-pixel box (x, y, width, height), whole-pixel (5, 2) points, 40 attributes of 1 / -1.
    """
    rng = np.random.default_rng([params.seed, 2, shoot.person, shoot.number])
    person = draw_person(np.random.default_rng([params.seed, 1, shoot.person]))
    size = rng.integers(params.min_photo_px, params.max_photo_px + 1, 2)
    loose = np.clip(rng.normal(size=3), -2.5, 2.5) * (BOX_SIZE_SD, BOX_PLACE_SD, BOX_PLACE_SD)
    low, high = BOX_PX[shoot.kind]
    high = min(high, 0.72 * (size / (1, BOX_ASPECT)).min())
    width = min(max(np.sqrt(low * high) * np.exp(rng.normal(0, 0.22)), low), high)
    shot = draw_shot(rng, person, blur_px=width * rng.uniform(0.018, 0.04) if shoot.kind == "blurry" else 0.0)
    margin = width * (0.5 + 0.5 * abs(loose[0]) + np.abs(loose[1:])) * (1, BOX_ASPECT) + 2
    center = rng.uniform(margin, size - margin)
    figures = [Figure(person, shot, width, center)]
    if shoot.bystander:
        stranger, smaller = draw_person(rng), width * rng.uniform(0.55, 0.8)
        aside = np.array([0.66 * (width + smaller) * (1 if center[0] < size[0] / 2 else -1), 0])
        figures.insert(0, Figure(stranger, draw_shot(rng, stranger), smaller, center + aside))
    photo, points = draw_photo(figures, tuple(size.tolist()), rng)
    box = face_box(points)
    box[:2] += box[2:] * (loose[1:] - loose[0] / 2)
    box[2:] *= 1 + loose[0]
    quality = params.jpeg_quality
    if shoot.copy:
        photo = cv2.resize(photo, None, fx=COPY_SCALE, fy=COPY_SCALE, interpolation=cv2.INTER_AREA)
        box, points, quality = box * COPY_SCALE, (points + 0.5) * COPY_SCALE - 0.5, min(quality, COPY_QUALITY)
    _, jpeg = cv2.imencode(".jpg", photo[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    box = np.round(box * shoot.box_known).astype(int)
    return jpeg.tobytes(), box, np.round(points).astype(int), attribute_row(person, shot)


def annotation_files(names: list[str], shoots: list[Shoot], facts: list[tuple]) -> dict[str, str]:
    """File name -> text of the five annotation files, in CelebA's own forms; `facts` are box, points, attributes."""
    boxes, points, attributes = zip(*facts, strict=True)
    count, axes = str(len(names)), " ".join(f"{point}_{axis}" for point in POINTS for axis in "xy")

    def table(form: str, rows: Iterable, *head: str) -> str:
        lines = (name + form.format(*row) for name, row in zip(names, rows, strict=True))
        return "".join(f"{line}\n" for line in [*head, *lines])

    return {
        "identity_CelebA.txt": table(" {}", ([shoot.labelled] for shoot in shoots)),
        "list_eval_partition.txt": table(" {}", ([shoot.partition] for shoot in shoots)),
        "list_attr_celeba.txt": table(" {:2d}" * len(ATTRIBUTES), attributes, count, " ".join(ATTRIBUTES) + " "),
        "list_bbox_celeba.txt": table("  {:4d}{:4d}{:4d}{:4d}", boxes, count, "image_id x_1 y_1 width height"),
        "list_landmarks_celeba.txt": table("{:5d}" * 10, (p.ravel() for p in points), count, axes),
    }


def draw_sample(params: SampleParams, out: Path, workers: int | None = None) -> None:
    """Draws the sample and writes it to the folder `out`, whole or not at all.

    The same params give the same bytes, however many processes (`workers`, by default one per core) draw.
    """
    shoots, facts = plan_shoots(params), []
    names = [f"{SYNTHETIC_PREFIX}{i:06d}.jpg" for i in range(1, len(shoots) + 1)]
    with replacing_folder(Path(out)) as folder:
        spawn, archive = multiprocessing.get_context("spawn"), zipfile.ZipFile(folder / "img_celeba.zip", "w")
        with archive, spawn.Pool(workers or usable_cores(), cv2.setNumThreads, (0,)) as pool:
            drawn = pool.imap(partial(draw_shoot, params=params), shoots, chunksize=8)
            for name, (jpeg, *fact) in track(zip(names, drawn, strict=True), "drawing the sample", total=len(names)):
                archive.writestr(zipfile.ZipInfo(f"img_celeba/{name}", ZIP_TIME), jpeg)
                facts.append(fact)
        for file, text in annotation_files(names, shoots, facts).items():
            (folder / file).write_text(text)
