"""Annotation lists lose the rows of some photos, and nothing else."""

from __future__ import annotations

import csv
import io

import pytest

from faceline.forgetting.lists import without_photos, without_rows


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a.jpg 1\nb.jpg 2\nc.jpg 1\n", "b.jpg 2\n"),
        ("3\nx_1 y_1 width height\na.jpg  1 2 3 4\nb.jpg\t1 2 3 4\nc.jpg 1 2 3 4\n", None),
        ("image_id,x_1\r\na.jpg,1\r\nb.jpg,2\r\nc.jpg,1\r\n", "image_id,x_1\r\nb.jpg,2\r\n"),
        ('\ufeff"a.jpg",1\nb.jpg,2\n"c.jpg",1', "b.jpg,2\n"),
        ("ab.jpg 1\na.jpg.jpg 2\n", "ab.jpg 1\na.jpg.jpg 2\n"),
    ],
)
def test_rows_of_the_photos_go_and_the_others_stay(before: str, after: str | None) -> None:
    after = after or "1\nx_1 y_1 width height\nb.jpg\t1 2 3 4\n"
    assert without_photos(before, {"a.jpg", "c.jpg"}) == after


def test_names_with_spaces_commas_and_quotes_are_told_apart() -> None:
    names = ["a b.jpg", "a,b.jpg", 'a"b.jpg', "a"]
    text = io.StringIO()
    csv.writer(text).writerows([["image_id", "identity"], *([name, 7] for name in names)])
    for name in names:
        left = list(csv.reader(io.StringIO(without_photos(text.getvalue(), {name}))))
        assert [row[0] for row in left[1:]] == [other for other in names if other != name]
    assert without_photos("2\nx_1\na,b.jpg 1\na 2\n", {"a"}) == "1\nx_1\na,b.jpg 1\n"


def test_a_table_loses_the_rows_with_a_value() -> None:
    table = 'image_id,name\n1.jpg,"Ada, the first"\n2.jpg,"two\nlines"\n'
    assert without_rows(table, "image_id", {"1.jpg"}) == 'image_id,name\n2.jpg,"two\nlines"\n'
