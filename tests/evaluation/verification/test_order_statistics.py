import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceline.evaluation.verification.order_statistics import largest, sample_size, tally


def iterate_blocks(blocks):
    """Arrays in memory as blocks of scores."""
    return lambda visit: (visit(block) for block in blocks)


@settings(max_examples=150, deadline=None)
@given(
    scores=st.lists(
        st.one_of(st.integers(-4, 4).map(lambda v: v / 4), st.floats(-1, 1, width=32)), min_size=1, max_size=120
    ),
    cuts=st.lists(st.integers(0, 120), max_size=5),
    sampled=st.integers(0, 40),
    capacity=st.integers(1, 150),
    data=st.data(),
)
def test_what_sorting_everything_gives(scores, cuts, sampled, capacity, data):
    """Ties, samples too small or lopsided, and room for few scores at a time."""
    scores = np.array(scores, np.float32)
    ranks = data.draw(st.lists(st.integers(0, len(scores) - 1), min_size=1, max_size=6))
    sample = np.array(data.draw(st.lists(st.sampled_from(scores.tolist()), min_size=sampled, max_size=sampled)))
    blocks = [np.append(part, np.float32(-np.inf)) for part in np.split(scores, sorted(cuts))]
    values, above = largest(iterate_blocks(blocks), ranks, sample.astype(np.float32), len(scores), capacity)
    descending = np.sort(scores)[::-1]
    assert values.tolist() == descending[ranks].tolist()
    assert above.tolist() == [int((scores > value).sum()) for value in values]


def test_one_pass_with_a_fair_sample():
    generator = np.random.default_rng(0)
    scores = generator.standard_normal(200_000).astype(np.float32)
    ranks = [100_000, 40_000, 2_000, 20, 0]
    blocks = np.split(scores, 50)
    passes = 0

    def map_blocks(visit):
        nonlocal passes
        passes += 1
        return (visit(block) for block in blocks)

    sample = generator.choice(scores, 20_000)
    values, _ = largest(map_blocks, ranks, sample, len(scores), capacity=60_000)
    assert passes == 1
    assert values.tolist() == np.sort(scores)[::-1][ranks].tolist()


def test_a_misleading_sample_costs_a_pass_not_the_answer():
    scores = np.linspace(-1, 1, 10_000, dtype=np.float32)
    for sample in (scores[:500], scores[-500:]):
        values, _ = largest(iterate_blocks([scores]), [5_000], sample, len(scores), 20_000)
        assert values[0] == np.sort(scores)[::-1][5_000]


def test_more_equal_scores_than_fit():
    scores = np.full(5_000, 0.25, np.float32)
    scores[:10] = 0.5
    values, above = largest(iterate_blocks(np.split(scores, 10)), [9, 10, 4_999], scores[:0], 5_000, 100)
    assert values.tolist() == [0.5, 0.25, 0.25]
    assert above.tolist() == [0, 10, 10]


def test_tally_counts_at_or_above_and_keeps_what_is_inside():
    scores = np.array([-np.inf, 0, 1, 2, 3, 4], np.float32)
    counts, inside = tally(scores, np.array([1, 2, 3, 4], np.float32))
    assert counts.tolist() == [4, 2]
    assert sorted(inside.tolist()) == [1, 3]


def test_tally_of_a_rare_tail():
    generator = np.random.default_rng(1)
    scores = generator.random(10_000).astype(np.float32)
    edges = np.array([0.3, 0.4, 0.995, 0.996, 0.999, np.inf], np.float32)
    counts, inside = tally(scores, edges)
    assert counts.tolist() == [int((scores >= edge).sum()) for edge in edges[::2]]
    kept = ((scores >= 0.3) & (scores < 0.4)) | ((scores >= edges[2]) & (scores < edges[3])) | (scores >= edges[4])
    assert sorted(inside.tolist()) == sorted(scores[kept].tolist())


@pytest.mark.parametrize(("total", "capacity"), [(10**6, 10**7), (4 * 10**9, 1 << 26), (10**12, 1 << 20)])
def test_sample_sizes_stay_in_bounds(total, capacity):
    size = sample_size([0.5, 0.01], total, capacity)
    assert size == 0 if total <= 1 << 22 else 1 << 12 <= size <= 1 << 21
