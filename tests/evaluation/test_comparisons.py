import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import all_scores, made_comparisons, made_embeddings

from faceline.evaluation.comparisons import Comparisons


def impostors(comparisons, block_mb=256):
    parts = comparisons.map_impostors(lambda block, place: block[block > -np.inf].copy(), block_mb)
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


def test_genuine_pairs_and_those_with_a_failed_photo():
    comparisons, parts = made_comparisons(people=6, photos=5, failed=7)
    genuine, impostor = all_scores(*parts)
    found = np.sort(np.concatenate([scores for _, scores in comparisons.genuine()]))
    assert np.allclose(found, np.sort(genuine[np.isfinite(genuine)]), atol=1e-6)
    assert comparisons.positive_pairs == len(genuine)
    assert comparisons.negative_pairs == len(impostor)
    assert np.allclose(impostors(comparisons), np.sort(impostor), atol=1e-6)


def test_failed_distractors_never_enter_the_negatives():
    embeddings, person = made_embeddings(3, 2)
    others, other_person = made_embeddings(4, 1, seed=5)
    others[1] = np.nan
    comparisons = Comparisons.of(embeddings, person, others, other_person + 10)
    assert comparisons.negative_pairs == 12 + 6 * 3
    assert comparisons.distractor_rows.tolist() == [0, 2, 3]
    assert comparisons.person_pairs == 3 + 3 * 3


def test_person_pairs_as_in_a_small_celeba():
    """50 query people and 45 distractors are 1225 + 2250 pairs of people."""
    comparisons, _ = made_comparisons(people=50, photos=2, outsiders=45, outsider_photos=2)
    assert comparisons.person_pairs == 3475


def test_rows_lead_back_to_what_was_given():
    comparisons, (embeddings, person, _, _) = made_comparisons(failed=4)
    assert np.array_equal(comparisons.query, embeddings[comparisons.query_rows])
    assert np.array_equal(comparisons.names[comparisons.query_person], person[comparisons.query_rows])


def test_genuine_pairs_of_a_person_with_thousands_of_photos():
    embeddings, _ = made_embeddings(1, 2100, dim=2)
    comparisons = Comparisons.of(embeddings, np.zeros(2100, int))
    scores = np.concatenate([scores for _, scores in comparisons.genuine()])
    wanted = (embeddings @ embeddings.T)[np.triu_indices(2100, 1)]
    assert len(scores) == comparisons.positive_pairs == len(wanted)
    assert scores.sum(dtype=float) == pytest.approx(wanted.sum(dtype=float), rel=1e-6)


def test_a_sample_looks_like_the_whole():
    comparisons, parts = made_comparisons(people=30, photos=4, outsiders=30)
    _, impostor = all_scores(*parts)
    sample = comparisons.sample_impostors(20_000, np.random.default_rng(0))
    assert np.allclose(np.quantile(sample, [0.1, 0.5, 0.9]), np.quantile(impostor, [0.1, 0.5, 0.9]), atol=0.02)
    assert 19_000 < len(sample) <= 20_000


def test_distractors_are_other_people():
    embeddings, person = made_embeddings(3, 2)
    with pytest.raises(ValueError, match="must not be query people"):
        Comparisons.of(embeddings, person, embeddings, person + 2)


def test_a_person_for_every_embedding():
    embeddings, person = made_embeddings(3, 2)
    with pytest.raises(ValueError, match="one person per embedding"):
        Comparisons.of(embeddings, person[1:])
