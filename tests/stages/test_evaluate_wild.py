import json

import numpy as np
import pandas as pd
import pytest
import torch
from made_people import all_scores
from tiny_faces import SIZE_PX, face_of, tiny_params

from faceline.core.errors import InputError
from faceline.core.files import replacing_folder, write_json
from faceline.imaging.images import decode_rgb, encode_jpeg
from faceline.models.model_file import model_hash
from faceline.packed.sets import REJECTED, PackedSet, PackedWriter
from faceline.core.columns import ATTRIBUTES
from faceline.evaluation.calibration import Calibration
from faceline.evaluation.embeddings import EmbeddingTable
from faceline.alignment.fit.template import template
from faceline.geometry.points import point_table
from faceline.windows.windows import WINDOW_COLUMNS
from faceline.recognition.embedding.embedder import Embedder
from faceline.recognition.losses import build_head
from faceline.recognition.net.recognizer_file import save_recognizer
from faceline.recognition.net.embedding_net import EmbeddingNet, NetConfig, Recognizer
from stages.evaluate_wild import evaluate_wild

TEMPLATE = np.round(template(SIZE_PX), 4).tolist()
REASONS = {3: "no_face", 40: "no_match", 47: "eyes_too_close"}
SWAPPED = 5  # the crop whose annotations mirror the face


def write_model(path):
    """An untrained net that has seen faces enough for its normalisation."""
    torch.manual_seed(1)
    net = EmbeddingNet(NetConfig("mobilefacenet", 16, 2, 0.0, SIZE_PX))
    rng = np.random.default_rng(2)
    faces = np.stack([face_of(person, rng) for person in range(16)])
    images = torch.from_numpy(faces / np.float32(127.5) - 1).permute(0, 3, 1, 2)
    with torch.no_grad():
        for _ in range(30):
            net(images)
    block = tiny_params().recognition.losses.arcface
    recognizer = Recognizer(net, build_head("arcface", block, 2, 16))
    facts = {
        "people": [1, 2],
        "loss": {"name": "arcface", "params": block.model_dump()},
        "align": {"size_px": SIZE_PX, "template": TEMPLATE, "landmarks": "hourglass"},
        "drawn": True,
    }
    save_recognizer(path, recognizer.state_dict(), net.config, facts)


def write_crops(folder):
    """More photos of the query people and distractors, each filled by a face whose landmarks are the template."""
    rng = np.random.default_rng(5)
    rows, images = [], []
    for person in range(7, 27):
        for photo in range(4 if person < 19 else 2):
            rows.append(
                {
                    "image_id": f"drawn_{person}_{photo}.jpg",
                    "person": person,
                    "split": "",
                    **dict.fromkeys(ATTRIBUTES, 0),
                }
                | {"role": "query" if person < 19 else "distractor"}
                | dict(zip(WINDOW_COLUMNS, (0, 0, SIZE_PX, SIZE_PX), strict=True))
            )
            images.append(face_of(person, rng))
    points = np.repeat(template(SIZE_PX)[None], len(rows), axis=0)
    points[SWAPPED] = points[SWAPPED][[1, 0, 2, 4, 3]]
    with replacing_folder(folder) as temporary, PackedWriter(temporary) as writer:
        facts = pd.concat([pd.DataFrame(rows), point_table(points)], axis=1)
        writer.write(facts, [encode_jpeg(image, 100) for image in images])


def write_wild(folder, size_px=SIZE_PX):
    rng = np.random.default_rng(3)
    rows, images, person = [], [], 0
    for role, people, photos in (("dev", 6, 4), ("query", 12, 4), ("distractor", 8, 2)):
        for _ in range(people):
            person += 1
            for _ in range(photos):
                name = f"drawn_{len(rows):06d}.jpg"
                rows.append(
                    {"image_id": name, "person": person, "role": role, "split": "", **dict.fromkeys(ATTRIBUTES, 0)}
                )
                images.append(encode_jpeg(face_of(person, rng), 95))
    facts = pd.DataFrame(rows)
    kept = ~facts.index.isin(REASONS)
    metadata = {"kind": "wild", "size_px": size_px, "template": TEMPLATE, "landmarks": "hourglass", "drawn": True}
    with replacing_folder(folder) as temporary:
        with PackedWriter(temporary, metadata) as writer:
            found = facts[kept].assign(iou=0.8, score=0.99)
            writer.write(found, [image for image, keep in zip(images, kept, strict=True) if keep])
        rejected = facts[~kept].assign(reason=[REASONS[row] for row in facts.index[~kept]])
        rejected.to_csv(temporary / REJECTED, index=False)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    write_model(folder / "recognizer.safetensors")
    write_wild(folder / "wild")
    write_crops(folder / "crops")
    scores = np.random.default_rng(0).normal(0.3, 0.2, 5_000).clip(-1, 1)
    Calibration.from_scores(scores, model_hash(folder / "recognizer.safetensors"), 30, 200).write(
        folder / "calibration.json"
    )
    write_json(folder / "recognition.json", {"tpr_at_fpr_1e-1": 0.9, "auc": 0.95, "silhouette": 0.3, "eer": None})
    return folder


def evaluate(inputs, out, **changes):
    params = tiny_params()
    paths = {
        "wild": inputs / "wild",
        "crops": inputs / "crops",
        "model": inputs / "recognizer.safetensors",
        "calibration": inputs / "calibration.json",
        "recognition": inputs / "recognition.json",
    }
    evaluation = params.evaluation.model_copy(update={"bootstrap_samples": 100})
    align = params.align.model_copy(update={"size_px": SIZE_PX})
    out_paths = {"metrics": out / "wild.json", "report": out / "report"}
    evaluate_wild(align, evaluation, params.runtime, **(paths | changes), **out_paths)
    return json.loads((out / "wild.json").read_text())


@pytest.fixture(scope="module")
def evaluated(inputs, tmp_path_factory):
    out = tmp_path_factory.mktemp("wild")
    return out, evaluate(inputs, out)


def test_keys_are_those_of_recognition(evaluated):
    _, metrics = evaluated
    fprs = ("5e-1", "2e-1", "1e-1", "5e-2", "1e-2", "1e-3")
    assert set(metrics) == {
        *(f"tpr_at_fpr_{fpr}{end}" for fpr in fprs for end in ("", "_low", "_high")),
        *(f"threshold_at_fpr_{fpr}" for fpr in fprs),
        *(f"{kind}_at_dev_threshold_{fpr}" for kind in ("tpr", "fpr") for fpr in ("1e-1", "1e-2")),
        *("auc", "eer", "detection_recall", "failure_to_acquire"),
        *("positive_pairs", "negative_pairs", "person_pairs"),
    }


def test_photos_without_a_face_are_counted(evaluated):
    out, metrics = evaluated
    photos = 6 * 4 + 12 * 4 + 8 * 2
    assert metrics["failure_to_acquire"] == pytest.approx(3 / photos, abs=1e-6)
    assert metrics["detection_recall"] == pytest.approx(1 - 2 / photos, abs=1e-6)
    table = pd.read_csv(out / "report" / "acquisition.csv")
    assert table["photos"].sum() == photos
    assert set(table["status"]) == {"ok", *REASONS.values()}


def test_failures_are_misses_among_the_positives_and_never_negatives(inputs, evaluated):
    """Two of the twelve people's 48 photos failed: 72 pairs, of which 6 are lost."""
    _, metrics = evaluated
    packed = PackedSet(inputs / "wild")
    images = [decode_rgb(encoded) for encoded in packed.encoded()]
    embedder = Embedder.load(inputs / "recognizer.safetensors", torch.device("cpu"))
    table = EmbeddingTable(packed.facts.assign(status="ok"), embedder.embed(images, flip=True))
    query = table.select((table.facts["role"] == "query").to_numpy())
    others = table.embeddings[(table.facts["role"] == "distractor").to_numpy()]
    genuine, impostor = all_scores(query.embeddings, query.facts["person"].to_numpy(), others)
    assert (metrics["positive_pairs"], len(genuine)) == (72, 66)
    assert metrics["negative_pairs"] == len(impostor)
    threshold = np.sort(impostor)[::-1][int(0.2 * len(impostor) + 1e-9)]
    assert metrics["threshold_at_fpr_2e-1"] == pytest.approx(threshold, abs=1e-5)
    assert metrics["tpr_at_fpr_2e-1"] == pytest.approx((genuine > threshold).sum() / 72, abs=1.5 / 72)
    frozen = Calibration.read(inputs / "calibration.json").threshold(0.1)
    assert metrics["tpr_at_dev_threshold_1e-1"] == pytest.approx((genuine > frozen).sum() / 72, abs=1.5 / 72)


def test_what_each_step_costs(evaluated):
    out, metrics = evaluated
    table = pd.read_csv(out / "report" / "compare.csv").set_index("metric")
    assert set(table.index) == {"tpr_at_fpr_1e-1", "auc", "eer"}
    assert table.loc["auc", "by_detector"] == pytest.approx(metrics["auc"] - 0.95, abs=1e-5)
    assert table.loc["auc", "by_hourglass"] == pytest.approx(0.95 - table.loc["auc", "annotated_landmarks"], abs=1e-5)
    assert np.isnan(table.loc["eer", "by_detector"])


def test_annotated_landmarks_place_the_faces(inputs, evaluated):
    """The crops are their own tiles; the one with swapped points fails, and its three pairs are lost."""
    out, _ = evaluated
    packed = PackedSet(inputs / "crops")
    images = [decode_rgb(encode_jpeg(decode_rgb(encoded), 95)) for encoded in packed.encoded()]
    embedder = Embedder.load(inputs / "recognizer.safetensors", torch.device("cpu"))
    kept = np.arange(len(images)) != SWAPPED
    vectors = embedder.embed([image for image, keep in zip(images, kept, strict=True) if keep], flip=True)
    facts = packed.facts[kept]
    query = (facts.role == "query").to_numpy()
    genuine, impostor = all_scores(vectors[query], facts.person.to_numpy()[query], vectors[~query])
    threshold = np.sort(impostor)[::-1][int(0.1 * len(impostor) + 1e-9)]
    table = pd.read_csv(out / "report" / "compare.csv").set_index("metric")
    tpr = (genuine > threshold).sum() / (len(genuine) + 3)
    assert table.loc["tpr_at_fpr_1e-1", "annotated_landmarks"] == pytest.approx(tpr, abs=2.5 / len(genuine))


def test_the_same_again_gives_the_same_bytes(inputs, evaluated, tmp_path):
    evaluate(inputs, tmp_path)
    for path in evaluated[0].rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / path.relative_to(evaluated[0])).read_bytes(), path.name


def test_thresholds_of_another_model_are_refused(inputs, tmp_path):
    Calibration.from_scores(np.linspace(-1, 1, 5_000), "other").write(tmp_path / "calibration.json")
    with pytest.raises(InputError, match="made with another model"):
        evaluate(inputs, tmp_path, calibration=tmp_path / "calibration.json")
    assert not (tmp_path / "wild.json").exists()


def test_faces_aligned_otherwise_are_refused(inputs, tmp_path):
    write_wild(tmp_path / "wild", size_px=SIZE_PX * 2)
    with pytest.raises(InputError, match="aligned with size_px"):
        evaluate(inputs, tmp_path, wild=tmp_path / "wild")
