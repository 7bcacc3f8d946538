"""Stages on a Ray cluster of two machines write what they write by threads of their own process, to the byte."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from tiny_faces import sample_params

from chain import files_below
from faceline.alignment.tiles.tiles import tile_metadata
from faceline.annotations.celeba import read_file
from faceline.boxes.boxes import BoxMap
from faceline.core.columns import IMAGE_ID, ROLES
from faceline.detection.detections import write_box_map
from faceline.engines.engine import Engine
from faceline.engines.opening import open_engine
from faceline.engines.params import EngineParams
from faceline.imaging.images import image_size
from faceline.landmarks.net.hourglass import HourglassConfig, StackedHourglass
from faceline.landmarks.net.predictor import save_hourglass
from faceline.photos.photos import open_photos
from faceline.points.points import eye_distance, points_of
from faceline.recognition.heads.registry import build_head
from faceline.recognition.net.embedding_net import EmbeddingNet, NetConfig, Recognizer
from faceline.recognition.net.recognizer_file import save_recognizer
from faceline.sample.dataset import draw_sample
from faceline.sample.params import SampleParams, SampleRole, SampleRoles
from faceline.settings.schema import Params
from real_data import YUNET
from stages import align, crop, crop_landmarks, embed, find_wild, scan

ENGINES = [EngineParams(engine=name) for name in ("local", "ray")]
BATCH = 7
PEOPLE = {role: SampleRole(people=2, photos=4) for role in ROLES}


class SmallBatches(Engine):
    """An engine that makes several batches of a tiny set."""

    def __init__(self, engine):
        self._engine = engine

    def map(self, work, rows, size):
        found = list(self._engine.map(work, rows, BATCH))
        assert len(found) > 2
        yield from found


@pytest.fixture(scope="module")
def params():
    tree = sample_params()
    tree["data"]["max_unreadable"] = 40
    tree["align"]["max_template_error"] = 10.0  # the hourglass is untrained
    tree["recognition"] |= {"backbone": "mobilefacenet", "embedding_dim": 16}
    tree["runtime"] |= {"device": "cpu", "threads": 1, "workers": 2}
    return Params.model_validate(tree)


@pytest.fixture(scope="module")
def here(ray_cluster, params, tmp_path_factory):
    """A folder with drawn photos, a selection of them and untrained models, in which the stages run."""
    folder = tmp_path_factory.mktemp("engines")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for stage in (align, crop, crop_landmarks, embed, find_wild, scan):
            patch.setattr(stage, "open_engine", lambda *given: SmallBatches(open_engine(*given)))
        drawn = SampleParams(seed=3, roles=SampleRoles(**PEOPLE), min_photo_px=150, max_photo_px=260, jpeg_quality=90)
        draw_sample(drawn, folder / "data", workers=1)
        selection().to_csv("selected.csv", index=False)
        write_models(params)
        yield folder


def selection():
    """The drawn photos that have a box and landmarks, a role for each person in turn."""
    kinds = ("identity", "boxes", "landmarks", "attributes")
    names = ("identity_CelebA", "list_bbox_celeba", "list_landmarks_celeba", "list_attr_celeba")
    rows, *others = [read_file(Path(f"data/{name}.txt"), kind) for kind, name in zip(kinds, names, strict=True)]
    for other in others:
        rows = rows.merge(other, on=IMAGE_ID)
    rows = rows[(rows[["width", "height"]].min(axis=1) >= 40) & (eye_distance(points_of(rows)) >= 8)]
    with open_photos(Path("data/img_celeba.zip")) as photos:
        rows = rows[[image_size(photos.read(name)) != (0, 0) for name in rows.image_id]].reset_index(drop=True)
    roles = rows.person.rank(method="dense").astype(int).map(lambda place: ROLES[place % 4])
    return rows.assign(role=roles, split=np.where(roles == "train", "train", ""))


def write_models(params):
    torch.manual_seed(0)
    config = HourglassConfig(stacks=1, channels=16, depth=2, input_px=64, sigma_px=1.5)
    save_hourglass(
        Path("hourglass.safetensors"), StackedHourglass(config), config, margin=-0.05, labels="synthetic", training={}
    )
    write_box_map(Path("box_map.json"), "mtcnn", BoxMap(1.2, 1.3, 0.0, -0.05))
    head = build_head("arcface", params.losses.arcface, 2, 16)
    net = NetConfig.from_params(params.recognition)
    known = {
        "people": [1, 2],
        "synthetic": True,
        "align": tile_metadata(params.align, "hourglass", True),
        "loss": {"name": "arcface", "params": params.losses.arcface.model_dump()},
    }
    state = Recognizer(EmbeddingNet(net), head).state_dict()
    save_recognizer(Path("recognizer.safetensors"), state, net, known)


def by_each_engine(here, run):
    """What a stage writes into a folder of its own, by path, with each engine."""
    written = []
    for engine in ENGINES:
        out = here / f"by_{engine.engine}"
        out.mkdir()
        try:
            run(engine, out)
            written.append(files_below(out))
        finally:
            shutil.rmtree(out)
    local, ray = written
    assert list(local) == list(ray) != []
    assert [name for name in local if local[name] != ray[name]] == []
    return local


PHOTOS = Path("data/img_celeba.zip")
SELECTED = Path("selected.csv")
HOURGLASS = Path("hourglass.safetensors")


def test_scan(here, params):
    marks = Path("data/list_landmarks_celeba.txt")
    written = by_each_engine(here, lambda by, out: scan.scan(params.data, by, PHOTOS, marks, out / "photos.parquet"))
    rows = pd.read_parquet(io.BytesIO(written["photos.parquet"]))
    assert rows.readable.any()


def test_crop(here, params):
    def run(by, out):
        crop.crop(params.crop, by, PHOTOS, SELECTED, out / "crops", out / "crop.json")

    assert json.loads(by_each_engine(here, run)["crop.json"])["faces"] == len(pd.read_csv(SELECTED))


def test_crop_landmarks(here, params):
    def run(by, out):
        crop_landmarks.crop_landmarks(params.landmarks, params.crop, by, SELECTED, PHOTOS, out / "crops")

    assert "crops/_rejected.csv" in by_each_engine(here, run)


@pytest.fixture(scope="module")
def aligned(here, params):
    """What crop and align write with threads: the folder, and the files of align."""
    folder = here / "local"
    crop.crop(params.crop, ENGINES[0], PHOTOS, SELECTED, folder / "crops", folder / "crop.json")

    def run(by, out):
        places = (out / "aligned", out / "annotated", out / "alignment.json", out / "report")
        align.align(params.align, params.runtime, by, folder / "crops", HOURGLASS, *places)

    written = by_each_engine(here, run)
    run(ENGINES[0], folder)
    return folder, written


def test_align(aligned):
    _, written = aligned
    assert json.loads(written["alignment.json"])["aligned"] >= 10
    assert {"aligned/part-0000.parquet", "annotated/part-0000.parquet", "report/pairs.png"} < set(written)
    assert "report/journey/aligned.png" in written


def test_embed(aligned, here, params):
    folder, _ = aligned

    def run(by, out):
        tiles, model = folder / "annotated", Path("recognizer.safetensors")
        embed.embed(params.embedding, params.runtime, by, tiles, model, out / "embeddings.parquet")

    by_each_engine(here, run)


@pytest.mark.parametrize("detector", ["mtcnn", "yunet"])
def test_find_wild(detector, here, params, request, monkeypatch):
    if detector == "yunet":
        request.getfixturevalue("_field_files")
        write_box_map(Path("box_map.json"), "yunet", BoxMap(1.2, 1.3, 0.0, -0.05))
    wild = params.wild.model_copy(update={"detector": detector, "min_face_px": 20, "min_iou": 0.1})
    if detector == "yunet":
        wild = wild.model_copy(update={"detector_model": str(YUNET)})

    def run(by, out):
        places = (PHOTOS, SELECTED, HOURGLASS, Path("box_map.json"), out / "wild")
        find_wild.find_wild(wild, params.crop, params.align, params.runtime, by, *places)

    assert {"wild/part-0000.parquet", "wild/_manifest.json", "wild/_rejected.csv"} == set(by_each_engine(here, run))
