"""Photos against means of several photos, by plain loops."""

import numpy as np
import pytest
from made_people import made_embeddings

from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.template_tails import BINS, mean_templates, template_rows, template_tail


def test_every_photo_is_in_as_many_templates_as_any_other():
    embeddings, person = made_embeddings(4, 5, dim=8)
    dev = Comparisons.of(embeddings, person)
    rows, owner = template_rows(dev, 2)
    templates = mean_templates(dev, rows)
    assert np.bincount(owner).tolist() == [5, 5, 5, 5]
    assert np.linalg.norm(templates, axis=1) == pytest.approx(1)
    for one in range(4):
        own = embeddings[person == one]
        pairs = {(i, j): own[i] + own[j] for i in range(5) for j in range(i)}
        used = []
        for template in templates[owner == one]:
            cosine = {pair: template @ total / np.linalg.norm(total) for pair, total in pairs.items()}
            best = max(cosine, key=cosine.get)
            assert cosine[best] == pytest.approx(1, abs=1e-6)
            used += best
        assert np.bincount(used).tolist() == [2] * 5


def test_a_person_with_just_so_many_photos_is_one_template_and_with_fewer_none():
    embeddings, person = made_embeddings(3, 4)
    dev = Comparisons.of(embeddings[:-1], person[:-1])
    rows, owner = template_rows(dev, 4)
    assert owner.tolist() == [0, 1]
    assert sorted(rows[1].tolist()) == [4, 5, 6, 7]
    mean = embeddings[:4].mean(axis=0)
    assert mean_templates(dev, rows)[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)


def test_no_tail_rests_on_a_few_peoples_templates():
    embeddings, person = made_embeddings(12, 6, dim=8)
    for many, there in ((4, False), (5, True)):
        kept = np.flatnonzero((person < many) | (np.arange(len(person)) % 6 < 2))  # the others have two photos
        tail = template_tail(Comparisons.of(embeddings[kept], person[kept]), 3)
        assert (tail is not None) is there


@pytest.mark.parametrize("search", ["mean", "nearest"])
def test_the_tail_by_plain_loops(search):
    embeddings, person = made_embeddings(12, 6, dim=8)
    dev = Comparisons.of(embeddings, person)
    rows, owner = template_rows(dev, 3)
    scores, pairs = [], {}
    for photo, one in zip(embeddings, person, strict=True):
        for template, other in zip(dev.query[rows], owner, strict=True):
            if one != other:
                mean = template.mean(axis=0)
                single = [float(photo @ own) for own in template]
                scores.append(max(single) if search == "nearest" else float(photo @ mean / np.linalg.norm(mean)))
                key = frozenset((int(one), int(other)))
                pairs[key] = max(pairs.get(key, -1), scores[-1])
    scores = np.array(scores)
    tail = template_tail(dev, 3, search=search)
    assert tail.comparisons == len(scores)
    grid = 2 / BINS + 1e-6
    for threshold, matches in zip(tail.thresholds, tail.false_matches, strict=True):
        assert (scores > threshold + 1e-6).sum() <= matches
        assert (scores > threshold - grid - 1e-6).sum() >= matches
    tenth = sorted(pairs.values())[-10]
    assert tail.smallest_fmr == pytest.approx(np.mean(scores >= tenth), abs=3 / len(scores))


def test_too_few_people_have_no_tail():
    assert template_tail(Comparisons.of(*made_embeddings(4, 6)), 3) is None  # six pairs of people
    assert template_tail(Comparisons.of(*made_embeddings(12, 6)), 7) is None
