"""A tiny set of aligned "faces" (a pattern each person, with noise), and parameters that train on it in seconds."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import yaml

from faceline.alignment.geometry.template import template
from faceline.core.columns import ATTRIBUTES
from faceline.core.files import replacing_folder
from faceline.imaging.images import encode_jpeg
from faceline.packed.sets import REJECTED, PackedWriter
from faceline.settings.schema import Params

SAMPLE_PARAMS = Path(__file__).parents[1] / "params" / "base.yaml"
SIZE_PX = 32
# role, people, photos of each split
ROLES = (
    ("train", 6, {"train": 6, "val": 2, "test": 1}),
    ("dev", 4, {"": 3}),
    ("query", 4, {"": 3}),
    ("distractor", 3, {"": 2}),
)


def sample_params() -> dict:
    """The sample's parameters as plain dicts."""
    return yaml.safe_load(SAMPLE_PARAMS.read_text())


def tiny_params(loss: str = "arcface", **recognition: object) -> Params:
    """Parameters for a training of a few steps on `make_aligned`'s faces."""
    tree = sample_params()
    tree["recognition"] |= {
        "backbone": "mobilefacenet",
        "loss": loss,
        "input_px": SIZE_PX,
        "embedding_dim": 16,
        "dropout": 0.0,
        "epochs": 3,
        "batch_size": 12,
        "evaluate_every": 1,
        "warmup_epochs": 1.0,
        "margin_warmup_epochs": 2.0,
        **recognition,
    }
    tree["losses"]["triplet"] |= {"people_per_batch": 4, "photos_per_person": 3}
    tree["runtime"] |= {"device": "cpu", "threads": 1, "workers": 1}
    return Params.model_validate(tree)


def face_of(person: int, rng: np.random.Generator) -> np.ndarray:
    """A photo of a person: the person's own blotches, and noise."""
    blotches = np.random.default_rng([7, person]).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    pattern = cv2.resize(blotches, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_CUBIC)
    return np.clip(pattern + rng.normal(0, 12, pattern.shape), 0, 255).astype(np.uint8)


def make_aligned(folder: Path, rejected: int = 1) -> pd.DataFrame:
    """Writes the set, with the first `rejected` query photos turned away; returns the rows of what was kept."""
    rng = np.random.default_rng(1)
    rows, images, person = [], [], 100
    for role, people, splits in ROLES:
        for _ in range(people):
            person += 3
            for split, photos in splits.items():
                for _ in range(photos):
                    flags = {name: int(rng.integers(2)) for name in ATTRIBUTES}
                    name = f"drawn_{len(rows):06d}.jpg"
                    rows.append({"image_id": name, "person": person, "role": role, "split": split, **flags})
                    images.append(encode_jpeg(face_of(person, rng), 95))
    facts = pd.DataFrame(rows)
    turned_away = facts.index.isin(facts.index[facts["role"] == "query"][:rejected])
    metadata = {
        "kind": "aligned",
        "size_px": SIZE_PX,
        "template": np.round(template(SIZE_PX), 4).tolist(),
        "landmarks": "hourglass",
        "synthetic": True,
    }
    kept = facts[~turned_away].reset_index(drop=True)
    with replacing_folder(folder) as temporary:
        with PackedWriter(temporary, metadata) as writer:
            writer.write(kept, [image for image, away in zip(images, turned_away, strict=True) if not away])
        facts[turned_away].assign(reason="poor_fit").to_csv(temporary / REJECTED, index=False)
    return kept
