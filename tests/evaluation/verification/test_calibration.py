import json

import numpy as np
import pytest
from made_people import all_scores, made_calibration, made_comparisons, made_embeddings

from faceline.core.errors import FacelineError, InputError
from faceline.evaluation.verification.calibration import Calibration, fmr_for_fpir, pair_tail
from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.impostors import blas_threads

DEV, PARTS = made_comparisons(people=50, photos=4, outsiders=0, outsider_photos=0)
SCORES = all_scores(*PARTS[:2])[1]


@pytest.mark.parametrize("block_mb", [256, 0.05])
def test_every_stored_threshold_lets_its_false_matches_pass(block_mb):
    calibration = Calibration.of(DEV, "abc", block_mb)
    descending = np.sort(SCORES)[::-1]
    assert np.allclose(calibration.pairs.thresholds, descending[list(calibration.pairs.false_matches)], atol=1e-6)
    assert (calibration.model, calibration.people, calibration.photos) == ("abc", 50, 200)
    assert calibration.pairs.comparisons == len(SCORES)


@pytest.mark.parametrize("dim", [16, 64, 512])
def test_the_size_of_blocks_moves_thresholds_by_float32_rounding_alone(dim):
    """Not at all from 8 MB for each thread on: products have the same shapes then."""
    dev = Comparisons.of(*made_embeddings(50, 4, dim))
    small, enough, default = (np.array(pair_tail(dev, mb).thresholds) for mb in (0.05, 8 * blas_threads(), 256))
    assert np.array_equal(enough, default)
    assert np.abs(small - default).max() <= 2 * np.spacing(np.float32(1))


def test_ten_pairs_of_people_are_needed():
    """Two people alike fill the tail, so that the smallest rate supported is where ten pairs are in it."""
    embeddings, person = made_embeddings(8, 6, dim=32, scatter=0.2)
    embeddings[6:12] = embeddings[:6]
    tail = pair_tail(Comparisons.of(embeddings, person))
    best = [(embeddings[person == one] @ embeddings[person == two].T).max() for one in range(8) for two in range(one)]
    tenth = np.sort(best)[-10]
    _, impostor = all_scores(embeddings, person)
    assert tail.smallest_fmr == pytest.approx(np.mean(impostor > tenth - 1e-6), abs=4 / len(impostor))
    assert tail.smallest_fmr > 36 / len(impostor)


def test_too_few_people_support_nothing():
    calibration = Calibration.of(Comparisons.of(*made_embeddings(3, 9)))
    assert not calibration.pairs.supports(1.0)
    assert calibration.templates == {}


def test_no_calibration_without_impostors():
    with pytest.raises(FacelineError, match="no two dev people"):
        Calibration.of(Comparisons.of(*made_embeddings(1, 9)))


def test_a_person_takes_the_tail_of_as_many_photos_or_the_next_more():
    calibration = Calibration.of(Comparisons.of(*made_embeddings(20, 7)))
    assert list(calibration.templates) == [2, 3, 4, 6]
    held = calibration.templates
    for photos, tail in ((1, calibration.pairs), (2, held[2]), (5, held[6]), (6, held[6]), (40, held[6])):
        assert calibration.tail(photos) is tail
    assert calibration.most_photos() == calibration.most_photos("nearest") == 6
    nearest = calibration.nearest
    assert list(nearest) == [2, 3, 4, 6]
    for photos, tail in ((1, calibration.pairs), (2, nearest[2]), (5, nearest[6]), (40, nearest[6])):
        assert calibration.tail(photos, "nearest") is tail
    smallest = calibration.smallest_fmr([1, 6])
    assert calibration.supports(smallest, [1, 6])
    assert not calibration.supports(0.99 * smallest, [1, 6])
    assert calibration.smallest_fmr([1, 6]) == max(calibration.pairs.smallest_fmr, held[6].smallest_fmr)


def test_fmr_for_fpir():
    """N independent comparisons at that FMR give the FPIR back, and FMR * N is about FPIR when it is small."""
    for fpir, people in ((0.1, 1), (0.1, 50), (0.01, 100_000)):
        assert 1 - (1 - fmr_for_fpir(fpir, people)) ** people == pytest.approx(fpir, rel=1e-6)
    assert fmr_for_fpir(0.1, 1) == pytest.approx(0.1)
    for fpir, people in ((0, 5), (1, 5), (0.1, 0)):
        with pytest.raises(InputError, match="FPIR between 0 and 1"):
            fmr_for_fpir(fpir, people)


def test_file_round_trip(tmp_path):
    calibration = Calibration.of(DEV, "abc")
    calibration.write(tmp_path / "calibration.json")
    assert Calibration.read(tmp_path / "calibration.json") == calibration


def damaged(**changes):
    fields = json.loads(made_calibration(np.linspace(-1, 1, 30)).model_dump_json())
    fields["pairs"] |= changes
    return json.dumps(fields)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", damaged(x=1), damaged(thresholds=[1]), damaged(comparisons=1e300), damaged(smallest_fmr="a")],
)
def test_other_files_are_refused(tmp_path, text):
    path = tmp_path / "calibration.json"
    path.write_text(text)
    with pytest.raises(InputError, match="cannot be read as a calibration"):
        Calibration.read(path)
    with pytest.raises(InputError, match=r"absent\.json"):
        Calibration.read(tmp_path / "absent.json")
