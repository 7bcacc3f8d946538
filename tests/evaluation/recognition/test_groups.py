import dataclasses

import numpy as np
import pytest
from made_people import all_scores, made_embeddings

from faceline.evaluation.recognition.group_rows import group_rates, group_table, unmeasured_rows
from faceline.evaluation.recognition.groups import GroupErrors, known, membership
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


def never_alike(query, distractor, wanted):
    """The same sides where each person with photos of the group `wanted` has an axis of its own for them."""
    sides = []
    for number, side in enumerate((query, distractor)):
        axes = np.eye(64)[np.unique(side.persons, return_inverse=True)[1] + 32 * number]
        group, failed = (side.values == wanted)[:, None], np.isnan(side.embeddings).any(axis=1)
        embeddings = np.hstack([np.where(group, axes, 0), np.where(group, 0, side.embeddings)])
        embeddings[failed] = np.nan
        sides.append(Side(embeddings.astype(np.float32), side.persons, side.values))
    return sides


def pairs_of_people(query, distractor, wanted):
    """Comparisons of each pair of people of a group, by plain loops."""
    photos = {
        (side, person): int(((persons == person) & (values == wanted) & ~np.isnan(embeddings).any(axis=1)).sum())
        for side, (embeddings, persons, values) in enumerate(map(dataclasses.astuple, (query, distractor)))
        for person in np.unique(persons)
    }
    return [
        photos[one] * photos[two]
        for one in photos
        for two in photos
        if one < two and not (one[0] and two[0]) and photos[one] * photos[two]
    ]


def test_no_false_match_is_a_rate_of_zero_with_an_upper_end():
    query, distractor = made_sides()
    cells = np.array(pairs_of_people(query, distractor, 1))
    worth = cells.sum() ** 2 / (cells**2).sum()
    rows = rows_by_key(group_rows(*never_alike(query, distractor, 1), "Smiling", person_weights(24, 200, 1)))
    fmr, other = rows["yes", "fmr"], rows["no", "fmr"]
    assert (fmr.errors, fmr.comparisons, fmr.value, fmr.low) == (0, cells.sum(), 0, 0)
    assert (1 - fmr.high) ** worth == pytest.approx(0.025)
    assert 3 / fmr.comparisons < 3 / len(cells) < fmr.high < 2 * 3.7 / len(cells)
    assert fmr.reason == "the false matches come from 0 pairs of people; 10 are needed"
    ratio = rows["worst/best", "fmr_ratio"]
    assert (ratio.value, ratio.high) == (None, None)
    assert ratio.reason == f"yes: {fmr.reason}; no upper end: the better group's rate may be 0"
    assert 0 < ratio.low < other.low / fmr.high  # each of the two has a wider interval than its own


def test_few_false_matches_give_the_ratio_both_ends():
    query, distractor = made_sides(failed=0)
    one, other = never_alike(query, distractor, 1)
    for person in range(0, 12, 2):
        axis = one.embeddings[(one.persons == person) & (one.values == 1)][0]
        one.embeddings[(one.persons == person + 1) & (one.values == 1)] = axis
    rows = rows_by_key(group_rows(one, other, "Smiling", person_weights(24, 200, 1)))
    few, many, ratio = rows["yes", "fmr"], rows["no", "fmr"], rows["worst/best", "fmr_ratio"]
    assert few.reason == "the false matches come from 6 pairs of people; 10 are needed"
    assert few.errors > 0
    assert 0 < few.low < few.value < few.high
    assert ratio.value == pytest.approx(many.value / few.value)
    assert ratio.low < many.low / few.high < ratio.value < many.high / few.low < ratio.high
    assert ratio.reason == f"yes: {few.reason}"


def test_one_pair_of_people_leaves_the_ratio_without_upper_end():
    query, distractor = made_sides(failed=0)
    one, other = never_alike(query, distractor, 1)
    first, second = np.flatnonzero(query.values == 1)[[0, -1]]
    one.embeddings[second] = one.embeddings[first]
    rows = rows_by_key(group_rows(one, other, "Smiling", person_weights(24, 200, 1)))
    few, ratio = rows["yes", "fmr"], rows["worst/best", "fmr_ratio"]
    assert few.errors > 0
    assert few.low == 0
    assert (ratio.value > 1, ratio.low > 0, ratio.high) == (True, True, None)
    assert ratio.reason.endswith("; no upper end: the better group's rate may be 0")


def test_two_groups_without_false_matches_have_no_ratio():
    query, distractor = made_sides()
    one, other = never_alike(*never_alike(query, distractor, 1), 0)
    ratio = rows_by_key(group_rows(one, other, "Smiling", person_weights(24, 200, 1)))["worst/best", "fmr_ratio"]
    assert (ratio.value, ratio.low, ratio.high) == (None, None, None)
    assert ratio.reason.endswith("no ratio: no false matches in either group")


def test_figures_of_small_groups_say_what_they_rest_on_and_are_no_metrics():
    query, distractor = made_sides()
    values = np.where(query.persons == 0, 1.0, 0.0)
    weights = person_weights(24, 200, 1)
    rows = group_rows(Side(query.embeddings, query.persons, values), distractor, "Male", weights)
    by_key = rows_by_key(rows)
    fnmr, fmr = by_key["yes", "fnmr"], by_key["yes", "fmr"]
    assert fnmr.reason == "genuine pairs of 1 people; 10 are needed"
    assert fnmr.value == pytest.approx(fnmr.errors / fnmr.comparisons)
    assert fnmr.high > 0.97  # of one person nothing can be said of others
    assert "expects" in fmr.reason
    assert fmr.value == pytest.approx(fmr.errors / fmr.comparisons)
    assert fmr.low <= fmr.value < fmr.high
    assert by_key["worst/best", "fmr_ratio"].reason.startswith("yes: expects")
    rates = {rate.name: rate for rate in group_rates(rows)}
    for name, row in (("fmr_Male_yes", fmr), ("fnmr_Male_yes", fnmr)):
        assert (rates[name].value, rates[name].low, rates[name].high) == (None, None, None)
        assert rates[name].reason == row.reason
    assert rates["fmr_ratio_Male"].value is None
    assert rates["fmr_Male_no"].value == by_key["no", "fmr"].value


def test_a_group_of_nobody_has_no_figure():
    query, distractor = made_sides()
    everybody = Side(query.embeddings, query.persons, np.zeros(len(query.persons)))
    rows = rows_by_key(group_rows(everybody, distractor, "Male", person_weights(24, 50, 1)))
    for measure in ("fmr", "fnmr", "failure_to_acquire"):
        row = rows["yes", measure]
        assert (row.value, row.low, row.high, row.comparisons) == (None, None, None, 0)
        assert row.reason
    ratio = rows["worst/best", "fmr_ratio"]
    assert (ratio.value, ratio.low, ratio.high) == (None, None, None)
    assert ratio.reason.startswith("yes: no comparisons")


def test_no_failure_in_a_group_leaves_room_for_some():
    query, distractor = made_sides(failed=0)
    row = rows_by_key(group_rows(query, distractor, "Smiling", person_weights(24, 50, 1)))[
        "yes", "failure_to_acquire"
    ]
    assert (row.value, row.low) == (0, 0)
    assert 1 - 0.025 ** (1 / 24) < row.high < 0.25


def test_attributes_that_nobody_knows_make_no_groups():
    nobody, some, others = np.full(4, np.nan), np.array([np.nan, 1, np.nan, 0]), np.ones(3)
    sides = {"Young": (nobody, others), "Male": (some, np.full(3, np.nan)), "Smiling": (some, others)}
    assert list(known(sides)) == ["Male", "Smiling"]


def test_photos_of_which_an_attribute_is_unknown_are_in_neither_group():
    query, distractor = made_sides(failed=0)
    values = np.where(query.persons < 12, query.values, np.nan)
    weights = person_weights(24, 50, 1)
    rows = rows_by_key(group_rows(Side(query.embeddings, query.persons, values), distractor, "Smiling", weights))
    photos = [rows[group, "fmr"].photos for group in ("yes", "no")]
    assert photos == [np.sum(values == 1), np.sum(values == 0)]
    assert sum(photos) == 12 * 6


def test_keys():
    query, distractor = made_sides()
    rows = group_rows(query, distractor, "Wearing_Hat", np.ones((9, 24), int))
    keys = ["fmr_Wearing_Hat_yes", "fnmr_Wearing_Hat_yes", "fmr_Wearing_Hat_no", "fnmr_Wearing_Hat_no"]
    assert [rate.name for rate in group_rates(rows)] == [*keys, "fmr_ratio_Wearing_Hat"]
    unmeasured = group_rates(unmeasured_rows(["Wearing_Hat"], "why"))
    assert [rate.name for rate in unmeasured] == [*keys, "fmr_ratio_Wearing_Hat"]
    assert {(rate.value, rate.reason) for rate in unmeasured} == {(None, "why")}
    assert group_table(rows).shape[0] == 7
    assert group_table([]).columns[0] == "attribute"
