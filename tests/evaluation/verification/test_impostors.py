import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import all_scores, made_comparisons, made_embeddings

from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.impostors import ImpostorScores

LITTLE_MB = 0.003


class Collected:
    """An observer that copies every score and its place."""

    def __init__(self):
        self.cells = []

    def offer(self, block, place):
        for row, column in np.argwhere(block > -np.inf):
            self.cells.append((place.distractor, place.row + row, place.column + column, float(block[row, column])))


def impostors(comparisons, block_mb=256):
    parts = ImpostorScores(comparisons, block_mb).map(lambda block, _: block[block > -np.inf].copy())
    return np.sort(np.concatenate(list(parts)))


@settings(max_examples=25, deadline=None)
@given(
    photos=st.lists(st.integers(1, 9), min_size=1, max_size=9),
    outsiders=st.integers(0, 30),
    cells=st.integers(1, 200),
    data=st.data(),
)
def test_blocks_hold_each_pair_of_different_people_once(photos, outsiders, cells, data):
    person = np.repeat(np.arange(len(photos)), photos)
    person = person[data.draw(st.permutations(range(len(person))))]
    embeddings, _ = made_embeddings(len(person), 1, dim=8)
    others, _ = made_embeddings(max(outsiders, 1), 1, dim=8, seed=1)
    others = others[:outsiders]
    comparisons = Comparisons.of(embeddings, person, others, 100 + np.arange(outsiders) // 2)
    wanted = np.sort(all_scores(embeddings, person, others)[1])
    assert comparisons.negative_pairs == len(wanted)
    if len(wanted):
        assert np.allclose(impostors(comparisons, cells * 4 / 2**20), wanted, atol=1e-6)


def test_failed_photos_have_no_score():
    comparisons, parts = made_comparisons(people=6, photos=5, failed=7)
    assert np.allclose(impostors(comparisons), np.sort(all_scores(*parts)[1]), atol=1e-6)


@pytest.mark.parametrize("block_mb", [256, LITTLE_MB])
def test_observers_see_every_score_once_in_every_pass(block_mb):
    comparisons, _ = made_comparisons()
    scores = ImpostorScores(comparisons, block_mb)
    first, second, third = Collected(), Collected(), Collected()
    scores.show([first, second])
    scores.show([third])
    assert len(first.cells) == comparisons.negative_pairs == len({cell[:3] for cell in first.cells})
    assert sorted(first.cells) == sorted(second.cells) == sorted(third.cells)
    for distractor, row, column, score in first.cells[::97]:
        other = (comparisons.distractor if distractor else comparisons.query)[column]
        assert score == pytest.approx(float(comparisons.query[row] @ other), abs=1e-6)


def test_scores_that_fit_are_computed_once():
    comparisons, _ = made_comparisons()
    held, streamed = ImpostorScores(comparisons), ImpostorScores(comparisons, LITTLE_MB)
    held.show([])
    streamed.show([])
    assert held.products == 2  # the query people among themselves, and with the distractors
    a_pass = streamed.products
    assert a_pass > 2
    held.show([])
    streamed.show([])
    assert held.products == 2
    assert streamed.products == 2 * a_pass


def test_a_sample_looks_like_the_whole():
    comparisons, parts = made_comparisons(people=30, photos=4, outsiders=30)
    _, impostor = all_scores(*parts)
    sample = ImpostorScores(comparisons).sample(20_000, np.random.default_rng(0))
    assert np.allclose(np.quantile(sample, [0.1, 0.5, 0.9]), np.quantile(impostor, [0.1, 0.5, 0.9]), atol=0.02)
    assert 19_000 < len(sample) <= 20_000
