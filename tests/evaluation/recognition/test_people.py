import numpy as np
import pytest
from made_people import made_comparisons, made_embeddings

from faceline.evaluation.recognition.people import PersonStatistics, confused_people, triplet_accuracy
from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.impostors import ImpostorScores


def person_statistics(comparisons, threshold, block_mb=256):
    statistics = PersonStatistics(comparisons, threshold)
    ImpostorScores(comparisons, block_mb).show([statistics])
    return statistics.table()


def brute_triplets(embeddings, person, others):
    """Mean over all query photos of P(genuine > impostor), ties half; a failed photo never wins."""
    values = []
    for anchor in range(len(embeddings)):
        partners = [other for other in range(len(embeddings)) if person[other] == person[anchor] and other != anchor]
        strangers = np.vstack([embeddings[person != person[anchor]], others])
        impostor = strangers[~np.isnan(strangers).any(axis=1)] @ embeddings[anchor]
        wins = [
            np.mean((score > impostor) + 0.5 * (score == impostor)) if np.isfinite(score) else 0.0
            for score in (embeddings[partner] @ embeddings[anchor] for partner in partners)
        ]
        values.append(np.mean(wins))
    return np.mean(values)


@pytest.mark.parametrize("block_mb", [256, 0.003])
@pytest.mark.parametrize("failed", [0, 7])
def test_triplets(failed, block_mb):
    comparisons, parts = made_comparisons(failed=failed)
    statistics = person_statistics(comparisons, 0.3, block_mb)
    assert triplet_accuracy(statistics) == pytest.approx(brute_triplets(*parts[:3]), abs=1e-4)


def test_chance_is_a_half():
    embeddings, _ = made_embeddings(200, 1, dim=32)
    comparisons = Comparisons.of(embeddings, np.arange(200) // 4)
    assert triplet_accuracy(person_statistics(comparisons, None)) == pytest.approx(0.5, abs=0.03)


def test_no_triplets_without_pairs_or_without_others():
    embeddings, person = made_embeddings(5, 1)
    assert triplet_accuracy(person_statistics(Comparisons.of(embeddings, person), 0.3)) is None
    assert triplet_accuracy(person_statistics(Comparisons.of(embeddings, np.zeros(5)), 0.3)) is None


@pytest.mark.parametrize("block_mb", [256, 0.003])
def test_errors_by_person(block_mb):
    comparisons, (embeddings, person, others, _) = made_comparisons(failed=5)
    table = person_statistics(comparisons, 0.3, block_mb).set_index("person")
    assert person_statistics(comparisons, None)[["false_matches", "false_non_matches"]].isna().all(axis=None)
    for code in (0, 4, 11):
        own = embeddings[person == code]
        scores = (own @ own.T)[np.triu_indices(5, 1)]
        ours = own[~np.isnan(own).any(axis=1)]
        strangers = np.vstack([embeddings[person != code], others])
        impostor = ours @ strangers[~np.isnan(strangers).any(axis=1)].T
        row = table.loc[code]
        assert row["genuine_pairs"] == 10
        assert row["genuine_mean"] == pytest.approx(np.nanmean(scores), abs=1e-6)
        assert row["false_non_matches"] == 10 - (scores > 0.3).sum()
        assert row["impostor_pairs"] == impostor.size
        assert row["false_matches"] == (impostor > 0.3).sum()
        assert row["impostor_max"] == pytest.approx(impostor.max(), abs=1e-6)


def test_confused_people_are_the_nearest_means():
    embeddings, person = made_embeddings(5, 3, dim=32, scatter=0.2)
    others, other_person = made_embeddings(3, 2, dim=32, scatter=0.2, seed=4)
    others[2] = embeddings[6]  # distractor 1 looks like person 2
    table = confused_people(Comparisons.of(embeddings, person, others, other_person + 50)).set_index("person")
    assert (table.loc[2, "nearest"], table.loc[2, "nearest_role"]) == (51, "distractor")
    assert table.index[0] == 2
    assert len(table) == 5
    assert person[table.loc[3, "row"]] == 3
    assert other_person[table.loc[2, "nearest_row"]] == 1
