import pandas as pd
import pytest

from faceline.core.columns import ATTRIBUTES, BOX_COLUMNS, PERSON_COLUMNS, POINT_COLUMNS
from faceline.core.errors import InputError
from faceline.data.selection.selected import read_selected

FACE = [30.0, 40.0, 70.0, 40.0, 50.0, 60.0, 35.0, 80.0, 65.0, 80.0]


@pytest.fixture
def selected():
    people = [["NA.jpg", 7, "train", "val"], ["b.jpg", 9, "query", ""]]
    places = [[20.0, 20.0, 60.0, 80.0, *FACE], [1.5, 2.0, 3.0, 4.0, *FACE]]
    table = pd.concat(
        [pd.DataFrame(people, columns=PERSON_COLUMNS), pd.DataFrame(places, columns=[*BOX_COLUMNS, *POINT_COLUMNS])],
        axis=1,
    )
    flags = pd.DataFrame([[1] * 40, [0] * 39 + [None]], columns=ATTRIBUTES, dtype="Int8")
    return pd.concat([table, flags], axis=1)


def test_the_selection_survives_its_file(selected, tmp_path):
    selected.to_csv(tmp_path / "selected.csv", index=False)
    last = (tmp_path / "selected.csv").read_text().splitlines()[2]
    assert last == "b.jpg,9,query,," + "1.5,2.0,3.0,4.0," + ",".join(map(str, FACE)) + ",0" * 39 + ","
    again = read_selected(tmp_path / "selected.csv")
    pd.testing.assert_frame_equal(again, selected)


def test_what_is_no_selection_is_named(selected, tmp_path):
    path = tmp_path / "selected.csv"
    with pytest.raises(InputError, match="no such file"):
        read_selected(path)
    selected.drop(columns="role").to_csv(path, index=False)
    with pytest.raises(InputError, match="role"):
        read_selected(path)
    selected.astype({"Male": object}).assign(Male="yes").to_csv(path, index=False)
    with pytest.raises(InputError, match=r"selected\.csv: .*yes"):
        read_selected(path)


@pytest.mark.parametrize("change", [{"width": 0.0}, {"nose_y": float("nan")}, {"left_eye_x": 69.5}, {"x": "left"}])
def test_a_face_that_no_filter_lets_through_is_named(selected, tmp_path, change):
    selected.astype(object).assign(**{name: [FACE[0], value] for name, value in change.items()}).to_csv(
        tmp_path / "selected.csv", index=False
    )
    with pytest.raises(InputError, match=r"selected\.csv: b\.jpg: an empty box, or landmarks"):
        read_selected(tmp_path / "selected.csv")
