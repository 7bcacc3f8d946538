import dataclasses

import numpy as np
import pytest
from made_people import all_scores, made_embeddings

from faceline.evaluation.recognition.groups import GroupErrors, group_rates, group_table, membership, unmeasured_rows
from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.impostors import ImpostorScores
from faceline.evaluation.verification.intervals import interval, person_weights


@dataclasses.dataclass(frozen=True)
class Side:
    """The photos of one role: embeddings (NaN where failed), persons and an attribute (0, 1, NaN)."""

    embeddings: np.ndarray
    persons: np.ndarray
    values: np.ndarray


def made_sides(failed=5):
    embeddings, person = made_embeddings(24, 6, dim=12)
    others, other_person = made_embeddings(20, 3, dim=12, seed=3)
    generator = np.random.default_rng(0)
    order = generator.permutation(len(person))
    embeddings, person = embeddings[order], person[order]
    embeddings[generator.choice(len(embeddings), failed, replace=False)] = np.nan
    values = (generator.random(len(person)) < 0.6).astype(float)
    query = Side(embeddings, person, values)
    return query, Side(others, other_person + 100, (generator.random(len(others)) < 0.5).astype(float))


def group_rows(query, distractor, attribute, weights, block_mb=256):
    """Of one attribute at the threshold 0.3, chosen for an FMR of 0.05."""
    comparisons = Comparisons.of(query.embeddings, query.persons, distractor.embeddings, distractor.persons)
    members = tuple(membership(attribute, side.values, side.persons) for side in (query, distractor))
    errors = GroupErrors(comparisons, {attribute: members}, 0.3, 0.05, weights)
    ImpostorScores(comparisons, block_mb).show([errors])
    return errors.rows()


def rows_by_key(rows):
    return {(row.group, row.measure): row for row in rows}


@pytest.mark.parametrize("block_mb", [256, 0.003])
def test_a_pair_counts_when_both_are_in_the_group(block_mb):
    query, distractor = made_sides()
    rows = rows_by_key(group_rows(query, distractor, "Smiling", person_weights(24, 200, 1), block_mb))
    for group, wanted in (("yes", 1), ("no", 0)):
        own, other = query.values == wanted, distractor.values == wanted
        genuine, impostor = all_scores(query.embeddings[own], query.persons[own], distractor.embeddings[other], None)
        fmr, fnmr = rows[group, "fmr"], rows[group, "fnmr"]
        assert (fmr.comparisons, fmr.errors) == (len(impostor), (impostor > 0.3).sum())
        assert fmr.value == pytest.approx(np.mean(impostor > 0.3))
        assert (fnmr.comparisons, fnmr.errors) == (len(genuine), (~(genuine > 0.3)).sum())
        assert fnmr.value == pytest.approx(np.mean(~(genuine > 0.3)))
        assert fmr.low < fmr.value < fmr.high
        assert fnmr.low < fnmr.value < fnmr.high
        failures = rows[group, "failure_to_acquire"]
        assert failures.errors == np.isnan(query.embeddings[own]).any(axis=1).sum()
        assert failures.value == pytest.approx(failures.errors / own.sum())
    ratio = rows["worst/best", "fmr_ratio"].value
    values = [rows["yes", "fmr"].value, rows["no", "fmr"].value]
    assert ratio == pytest.approx(max(values) / min(values))


def test_intervals_are_of_resampled_members():
    """Every copy of a person brings the pairs of its member photos; written out for one resample at a time."""
    query, distractor = made_sides()
    weights = person_weights(24, 30, 2)
    others = distractor.embeddings[distractor.values == 1]
    fmr, fnmr = [], []
    for drawn in weights:
        errors = pairs = misses = positives = 0
        for row, (embedding, person) in enumerate(zip(query.embeddings, query.persons, strict=True)):
            if not query.values[row]:
                continue
            for other in range(row + 1, len(query.persons)):
                if not query.values[other]:
                    continue
                score = embedding @ query.embeddings[other]
                weight = drawn[person] * (1 if query.persons[other] == person else drawn[query.persons[other]])
                if query.persons[other] == person:
                    positives, misses = positives + weight, misses + weight * (not score > 0.3)
                elif not np.isnan(score):
                    pairs, errors = pairs + weight, errors + weight * (score > 0.3)
            if not np.isnan(embedding).any():
                pairs += drawn[person] * len(others)
                errors += drawn[person] * (others @ embedding > 0.3).sum()
        fmr.append(errors / pairs)
        fnmr.append(misses / positives)
    rows = rows_by_key(group_rows(query, distractor, "Smiling", weights))
    for measure, values in (("fmr", fmr), ("fnmr", fnmr)):
        row = rows["yes", measure]
        assert (row.low, row.high) == pytest.approx(interval(np.array(values)))


def test_a_group_that_is_treated_worse_shows():
    query, distractor = made_sides(failed=0)
    alike = np.ones(12) / np.sqrt(12)
    pushed = query.embeddings + 0.5 * query.values[:, None] * alike
    pushed /= np.linalg.norm(pushed, axis=1, keepdims=True)
    query = Side(pushed.astype(np.float32), query.persons, query.values)
    rows = rows_by_key(group_rows(query, distractor, "Smiling", person_weights(24, 200, 1)))
    assert rows["yes", "fmr"].value > rows["no", "fmr"].value
    assert rows["worst/best", "fmr_ratio"].low > 1


def test_lasting_attributes_go_by_the_majority_of_a_persons_photos():
    persons = np.array([1, 1, 1, 2, 2, 3])
    values = np.array([1, 1, 0, 1, 0, np.nan])
    assert membership("Male", values, persons).tolist()[:5] == [1, 1, 1, 0, 0]
    assert np.isnan(membership("Male", values, persons)[5])
    assert membership("Eyeglasses", values, persons).tolist()[:5] == [1, 1, 0, 1, 0]


def test_small_groups_have_no_figure_but_a_reason():
    query, distractor = made_sides()
    values = np.where(query.persons == 0, 1.0, 0.0)
    rows = group_rows(Side(query.embeddings, query.persons, values), distractor, "Male", np.ones((9, 24), int))
    by_key = rows_by_key(rows)
    assert by_key["yes", "fnmr"].value is None
    assert by_key["yes", "fnmr"].reason == "genuine pairs of 1 people; 10 are needed"
    assert by_key["yes", "fmr"].value is None
    assert "expects" in by_key["yes", "fmr"].reason
    assert by_key["worst/best", "fmr_ratio"].value is None
    assert by_key["worst/best", "fmr_ratio"].reason.startswith("yes: expects")


def test_unknown_values_are_in_neither_group():
    query, distractor = made_sides()
    nobody = Side(query.embeddings, query.persons, np.full(len(query.persons), np.nan))
    rows = group_rows(nobody, distractor, "Young", np.ones((9, 24), int))
    assert {row.value for row in rows} == {None}
    assert all(row.reason for row in rows)


def test_keys():
    query, distractor = made_sides()
    rows = group_rows(query, distractor, "Wearing_Hat", np.ones((9, 24), int))
    keys = ["fmr_Wearing_Hat_yes", "fnmr_Wearing_Hat_yes", "fmr_Wearing_Hat_no", "fnmr_Wearing_Hat_no"]
    assert [rate.name for rate in group_rates(rows)] == [*keys, "fmr_ratio_Wearing_Hat"]
    assert [rate.name for rate in group_rates(unmeasured_rows("Wearing_Hat", "why"))] == [
        *keys,
        "fmr_ratio_Wearing_Hat",
    ]
    assert group_table(rows).shape[0] == 7
    assert group_table([]).columns[0] == "attribute"
