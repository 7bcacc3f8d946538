import dataclasses

import numpy as np
import pytest
from made_people import made_table

from faceline.core.errors import FacelineError, InputError
from faceline.evaluation.verification.roles import dev_comparisons, query_comparisons


def changed(table, role, embeddings):
    new = table.embeddings.copy()
    rows = (table.rows["role"] == role).to_numpy()
    new[rows] = embeddings(new[rows])
    return dataclasses.replace(table, embeddings=new.astype(np.float32))


def test_roles_meet_whom_they_should():
    table = made_table({"train": (3, 10), "dev": (4, 3), "query": (5, 4), "distractor": (6, 2)})
    query, dev = query_comparisons(table), dev_comparisons(table)
    assert (query.positive_pairs, query.negative_pairs) == (5 * 6, 10 * 16 + 20 * 12)
    assert (dev.positive_pairs, dev.negative_pairs) == (4 * 3, 6 * 9)
    assert set(query.names) == set(table.rows.loc[table.rows["role"] == "query", "person"])


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"train": (3, 10), "dev": (4, 3)}, "role query: 0 photos of 0 people"),
        ({"query": (1, 5), "distractor": (5, 2)}, "role query: 5 photos of 1 people"),
        ({"query": (5, 1), "distractor": (5, 2)}, "no person has two photos"),
    ],
)
def test_too_little_to_compare(sizes, message):
    with pytest.raises(InputError, match=message):
        query_comparisons(made_table(sizes))


def test_no_dev_people():
    with pytest.raises(InputError, match="role dev: 0 photos"):
        dev_comparisons(made_table({"query": (5, 3)}))


def test_all_photos_failed():
    table = made_table({"query": (5, 3)}, failed=1.0)
    with pytest.raises(FacelineError, match="no two people have an embedding"):
        query_comparisons(table)


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda e: np.where(np.arange(len(e))[:, None] == 3, np.nan, e), "1 of 30 embeddings are not finite"),
        (lambda e: np.where(np.arange(len(e))[:, None] == 3, np.inf, e), "1 of 30 embeddings are not finite"),
        (lambda e: np.broadcast_to(e[0], e.shape), "the same embedding; the model has collapsed"),
        (lambda e: 2 * e, "lengths 2 to 2, not 1"),
    ],
)
def test_broken_embeddings_get_no_figure(break_it, message):
    table = changed(made_table({"query": (6, 5), "distractor": (3, 2)}), "query", break_it)
    with pytest.raises(FacelineError, match=message):
        query_comparisons(table)


def test_broken_distractors_get_no_figure():
    table = changed(made_table({"query": (6, 5), "distractor": (3, 2)}), "distractor", lambda e: e * np.nan)
    with pytest.raises(FacelineError, match="role distractor: 6 of 6"):
        query_comparisons(table)


def test_distractors_among_the_query_people():
    table = made_table({"query": (6, 5), "distractor": (3, 2)})
    table.rows["person"] = 1 + table.rows["person"] % 6
    with pytest.raises(InputError, match="distractors must not be query people"):
        query_comparisons(table)
