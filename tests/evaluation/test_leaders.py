import numpy as np
import pytest
from made_people import made_comparisons, made_embeddings

from faceline.evaluation.comparisons import Comparisons
from faceline.evaluation.leaders import PersonPairLeaders, TopScores


def brute(comparisons):
    """(score, distractor, row, column) of every negative, the largest first."""
    found = []
    for row, photo in enumerate(comparisons.query):
        for column in range(row + 1, len(comparisons.query)):
            if comparisons.query_person[row] != comparisons.query_person[column]:
                found.append((float(photo @ comparisons.query[column]), False, row, column))
        found += [(float(photo @ other), True, row, column) for column, other in enumerate(comparisons.distractor)]
    return sorted(found, key=lambda item: -item[0])


@pytest.mark.parametrize("block_mb", [256, 0.003])
def test_pairs_of_people_above_a_threshold(block_mb):
    comparisons, _ = made_comparisons(people=9, photos=6, outsiders=4)
    leaders = PersonPairLeaders(comparisons, 10)
    list(comparisons.map_impostors(leaders.offer, block_mb))
    list(comparisons.map_impostors(leaders.offer, block_mb))  # seeing a block twice changes nothing
    pairs = {}
    for score, distractor, row, column in brute(comparisons):
        other = comparisons.distractor_person[column] if distractor else comparisons.query_person[column]
        pairs.setdefault((comparisons.query_person[row], distractor, other), score)
    largest = sorted(pairs.values(), reverse=True)
    assert leaders.floor == pytest.approx(largest[9], abs=1e-6)
    for count in (0, 1, 5, 9):
        assert leaders.count_above((largest[count] + largest[count - 1]) / 2 if count else 2.0) == count
    assert leaders.count_above(-1) == 10


def test_thousands_of_matches_of_one_pair_do_not_hide_the_others():
    embeddings, person = made_embeddings(8, 3, dim=8)
    twins = np.repeat(embeddings[:1], 90, axis=0)
    both = np.concatenate([twins, twins, embeddings[3:]])
    comparisons = Comparisons.of(both, np.concatenate([np.zeros(90), np.ones(90), 2 + person[3:]]))
    leaders = PersonPairLeaders(comparisons, 10)
    list(comparisons.map_impostors(leaders.offer))
    assert leaders.count_above(0.999) == 1
    assert leaders.count_above(-1) == 10


def test_fewer_pairs_than_wanted_leave_the_floor_open():
    embeddings, person = made_embeddings(3, 2)
    comparisons = Comparisons.of(embeddings, person)
    leaders = PersonPairLeaders(comparisons, 10)
    list(comparisons.map_impostors(leaders.offer))
    assert leaders.floor == -np.inf
    assert leaders.count_above(-1) == 3


@pytest.mark.parametrize("block_mb", [256, 0.003])
def test_top_scores(block_mb):
    comparisons, _ = made_comparisons(people=9, photos=6, outsiders=4)
    top = TopScores(24)
    list(comparisons.map_impostors(top.offer, block_mb))
    wanted = brute(comparisons)[:24]
    assert [item[1:] for item in top.best] == [item[1:] for item in wanted]
    assert np.allclose([item[0] for item in top.best], [item[0] for item in wanted], atol=1e-6)
