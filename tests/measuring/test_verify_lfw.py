import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceline.core.errors import FacelineError, InputError
from faceline.measuring.verify import best_threshold, evaluate, parse_pairs

TEXT = "2\t1\nAnn_Lee\t1\t12\nAnn_Lee\t3\tBo\t4\nBo\t1\t2\nCy\t10\tBo\t4\n"


def write(path, text):
    path.write_text(text)
    return path


def test_parse(tmp_path):
    pairs = parse_pairs(write(tmp_path / "pairs.txt", TEXT))
    assert [(pair.first, pair.second, pair.same, pair.fold) for pair in pairs] == [
        ("Ann_Lee/Ann_Lee_0001", "Ann_Lee/Ann_Lee_0012", True, 0),
        ("Ann_Lee/Ann_Lee_0003", "Bo/Bo_0004", False, 0),
        ("Bo/Bo_0001", "Bo/Bo_0002", True, 1),
        ("Cy/Cy_0010", "Bo/Bo_0004", False, 1),
    ]


def test_parse_a_file_with_a_single_fold(tmp_path):
    assert [pair.fold for pair in parse_pairs(write(tmp_path / "pairs.txt", "1\nA 1 2\nA 1 B 2\n"))] == [0, 0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1"),
        ("ten\n", "line 1"),
        ("0 5\n", "line 1"),
        ("2 1\nA 1 2\n", "4 lines, but 1 follow"),
        ("1 1\nA 1 B 2\nA 1 B 2\n", "line 2: expected `name first second`"),
        ("1 1\nA 1 2\nA 1 2\n", "line 3: expected `name first other-name second`"),
        ("1 1\nA one 2\nA 1 B 2\n", "line 2"),
    ],
)
def test_broken_files_name_the_line(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        parse_pairs(write(tmp_path / "pairs.txt", text))


def test_no_such_file(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        parse_pairs(tmp_path / "pairs.txt")


def test_each_fold_is_decided_by_the_others():
    """Fold 1 alone would choose 0.35; fold 0 says 0.75, at which fold 1's genuine pair is missed."""
    scores = np.array([0.9, 0.6, 0.5, 0.2])
    same = np.array([True, False, True, False])
    result = evaluate(scores, same, np.array([0, 0, 1, 1]))
    assert result.thresholds == (pytest.approx(0.35), pytest.approx(0.75))
    assert result.accuracies == (0.5, 0.5)
    assert result.accuracy == 0.5


def test_failed_photos_are_told_apart():
    scores = np.array([0.9, 0.1, np.nan, np.nan])
    result = evaluate(np.tile(scores, 2), np.tile([True, False, True, False], 2), np.repeat([0, 1], 4))
    assert result.accuracy == 0.75
    assert result.standard_error == 0


def test_ten_folds():
    generator = np.random.default_rng(0)
    same = np.tile(np.repeat([True, False], 300), 10)
    scores = generator.normal(np.where(same, 0.5, 0.0), 0.15)
    result = evaluate(scores, same, np.repeat(np.arange(10), 600))
    assert len(result.accuracies) == 10
    assert result.accuracy == pytest.approx(0.952, abs=0.01)  # Phi(0.25 / 0.15)
    assert result.standard_error == pytest.approx(np.std(result.accuracies, ddof=1) / np.sqrt(10))
    assert result.thresholds == pytest.approx([0.25] * 10, abs=0.05)


grid = st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=1, max_size=20)


@settings(deadline=None)
@given(grid)
def test_the_threshold_is_the_best_there_is(pairs):
    scores = np.array([score / 3 for score, _ in pairs])
    same = np.array([flag for _, flag in pairs])
    threshold = best_threshold(scores, same)
    tried = np.concatenate([scores - 1e-9, scores + 1e-9])
    assert np.mean((scores > threshold) == same) == max(np.mean((scores > t) == same) for t in tried)


def test_no_threshold_without_scores():
    with pytest.raises(FacelineError, match="no scores"):
        evaluate(np.full(4, np.nan), np.array([True, False] * 2), np.array([0, 0, 1, 1]))
    with pytest.raises(FacelineError, match="two folds"):
        evaluate(np.array([0.1, 0.2]), np.array([True, False]), np.zeros(2))
