import numpy as np
import pytest
from made_people import made_comparisons, made_embeddings

from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.impostors import ImpostorScores
from faceline.evaluation.verification.person_pairs import PersonPairLeaders, pair_codes


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
    scores = ImpostorScores(comparisons, block_mb)
    scores.show([leaders])
    scores.show([leaders])  # seeing a block twice changes nothing
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
    ImpostorScores(comparisons).show([leaders])
    assert leaders.count_above(0.999) == 1
    assert leaders.count_above(-1) == 10


def test_fewer_pairs_than_wanted_leave_the_floor_open():
    embeddings, person = made_embeddings(3, 2)
    comparisons = Comparisons.of(embeddings, person)
    leaders = PersonPairLeaders(comparisons, 10)
    ImpostorScores(comparisons).show([leaders])
    assert leaders.floor == -np.inf
    assert leaders.count_above(-1) == 3


def test_no_two_pairs_of_people_have_one_code():
    """Six query people and five distractors: 15 + 30 pairs of people."""
    comparisons, _ = made_comparisons(people=6, photos=1, outsiders=5, outsider_photos=1)
    first, second = np.triu_indices(6, 1)
    within = pair_codes(comparisons, first, second, distractor=False)
    across = pair_codes(comparisons, np.repeat(np.arange(6), 5), np.tile(np.arange(5), 6), distractor=True)
    assert len({*within.tolist(), *across.tolist()}) == 45


def test_pairs_of_either_kind_are_counted_apart():
    """Few people and all their pairs wanted: none may be taken for another, with or without distractors."""
    comparisons, _ = made_comparisons(people=5, photos=2, outsiders=5, outsider_photos=2)
    leaders = PersonPairLeaders(comparisons, 1000)
    ImpostorScores(comparisons).show([leaders])
    assert leaders.count_above(-1) == comparisons.person_pairs == 10 + 25
