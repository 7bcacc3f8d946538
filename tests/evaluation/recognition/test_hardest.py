import numpy as np
import pytest
from made_people import all_scores, made_comparisons

from faceline.evaluation.recognition.hardest import HardestImpostors, hardest_genuine
from faceline.evaluation.verification.impostors import ImpostorScores


def test_hardest_genuine_pair_of_each_person():
    comparisons, (embeddings, person, _, _) = made_comparisons(failed=6)
    table = hardest_genuine(comparisons, 5)
    assert len(table) == 5
    assert table["score"].is_monotonic_increasing
    worst = {}
    for code in range(12):
        own = embeddings[person == code]
        own = own[~np.isnan(own).any(axis=1)]
        worst[code] = (own @ own.T).min()
    assert table["score"].tolist() == pytest.approx(sorted(worst.values())[:5], abs=1e-6)
    for row in table.itertuples():
        assert person[row.row] == person[row.other_row]
        assert embeddings[row.row] @ embeddings[row.other_row] == pytest.approx(row.score, abs=1e-6)


@pytest.mark.parametrize("block_mb", [256, 0.003])
def test_hardest_impostors_name_the_photos(block_mb):
    comparisons, parts = made_comparisons(failed=6)
    embeddings, person, others, _ = parts
    hardest = HardestImpostors(comparisons, 30)
    ImpostorScores(comparisons, block_mb).show([hardest])
    table = hardest.table()
    assert np.allclose(table["score"], np.sort(all_scores(*parts)[1])[::-1][:30], atol=1e-6)
    assert table["score"].is_monotonic_decreasing
    assert set(table["other_role"]) == {"query", "distractor"}
    for row in table.itertuples():
        other = (others if row.other_role == "distractor" else embeddings)[row.other_row]
        assert embeddings[row.row] @ other == pytest.approx(row.score, abs=1e-6)
        assert row.other_role == "distractor" or person[row.row] != person[row.other_row]
