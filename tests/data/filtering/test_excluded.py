"""Lists of photos that the filter leaves out."""

from pathlib import Path

import pandas as pd
import pytest

from faceline.core.errors import InputError
from faceline.data.filtering.excluded import read_excluded

ROOT = Path(__file__).resolve().parents[3]
KNOWN = pd.Series([f"{number:06d}.jpg" for number in range(20)])


def test_the_list_of_none_is_empty():
    assert read_excluded(ROOT / "params/excluded/none.csv", KNOWN) == frozenset()


def test_a_list_names_photos_and_says_what_it_likes_of_them(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("image_id,person,reason\n000003.jpg,7312,other_nearer\n000011.jpg,7319,far\n")
    assert read_excluded(path, KNOWN) == {"000003.jpg", "000011.jpg"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("image_id\n000003.jpg\n7.jpg\n8.jpg\n", "2 of 3 photos are not among the 20 annotated ones: 7.jpg, 8.jpg"),
        ("photo\n000003.jpg\n", "image_id"),
        ("image_id\n000003.jpg\n000003.jpg\n", "twice"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(tmp_path, text, words):
    path = tmp_path / "list.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=r"list\.csv") as error:
        read_excluded(path, KNOWN)
    assert words in str(error.value)


def test_a_list_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file; `faceline labels`"):
        read_excluded(tmp_path / "list.csv", KNOWN)
