from typing import ClassVar

import pytest

from faceline.core.errors import InputError
from faceline.core.params import Group, Positive, Share, parse_group, read_params


class Inner(Group):
    share: Share


class Outer(Group):
    key: ClassVar[str] = "outer"
    count: Positive
    inner: Inner
    many: dict[str, Share]


GOOD = {"count": 2, "inner": {"share": 0.5}, "many": {"a": 0.1}}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cuont": 1}, ["outer.cuont: unknown key; allowed here: count, inner, many"]),
        ({"inner": {"share": 0.5, "x": 1}}, ["outer.inner.x: unknown key; allowed here: share"]),
        ({"inner": {}}, ["outer.inner.share: missing"]),
        ({"count": 0}, ["outer.count", "greater than or equal to 1", "(got 0)"]),
        ({"many": {"a": 2}}, ["outer.many.a", "less than or equal to 1"]),
        ({"count": 0.5, "inner": {"share": float("nan")}}, ["outer.count", "outer.inner.share"]),
    ],
)
def test_every_mistake_is_named_with_what_is_allowed(change, words):
    with pytest.raises(InputError) as error:
        parse_group(Outer, GOOD | change)
    for word in ["params.yaml", *words]:
        assert word in str(error.value)


def test_a_group_that_is_missing_is_named():
    with pytest.raises(InputError, match="outer: missing"):
        parse_group(Outer, None)


def test_groups_are_frozen():
    outer = parse_group(Outer, GOOD)
    with pytest.raises(ValueError, match="frozen"):
        outer.inner.share = 1.0


@pytest.mark.parametrize(
    ("text", "words"), [("a: [1", "not valid YAML"), ("- 1", "expected groups"), ("", "expected")]
)
def test_what_is_no_parameter_file_is_said(tmp_path, text, words):
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(InputError, match=rf"p\.yaml: {words}"):
        read_params(tmp_path / "p.yaml")
    with pytest.raises(InputError, match="no such file"):
        read_params(tmp_path / "nowhere.yaml")
