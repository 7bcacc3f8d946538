"""Galleries of the earlier form, which kept one sum a person, brought to the present one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_people import GALLERY_MODEL as MODEL
from made_people import photo_rows, unit, write_earlier_gallery

from faceline.core.errors import InputError
from faceline.galleries.files import import_people
from faceline.galleries.gallery import Gallery

VECTORS = unit(5)
TOTALS = {"Ada": VECTORS[:3].sum(axis=0).astype("<f4"), "Bob": VECTORS[3].astype("<f4")}
COUNTS = {"Ada": 3, "Bob": 1}


@pytest.fixture
def earlier(path: Path) -> Path:
    write_earlier_gallery(path, TOTALS, COUNTS)
    return path


def test_people_keep_their_means_and_counts(earlier: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Gallery(earlier) as gallery:
        assert [(person.name, person.photos) for person in gallery.people()] == [("Ada", 3), ("Bob", 1)]
        assert [row.photo for row in gallery.rows()] == ["3 earlier photos", "1 earlier photo"]
        gallery.add(photo_rows({"Ada": VECTORS[4:]}))
        references = gallery.references()
    assert "brought to the present form" in caplog.text
    mean = VECTORS[[0, 1, 2, 4]].mean(axis=0)
    assert references.photos == [4, 1]
    assert references.embeddings[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)
    caplog.clear()
    with Gallery(earlier) as again:
        assert again.people()[0].photos == 4
    assert not caplog.text


def test_the_nearest_photo_of_a_sum_is_refused_with_the_way_out(earlier: Path) -> None:
    with Gallery(earlier) as gallery:
        with pytest.raises(InputError, match=r"1 people \(Ada\).*enroll them again.*--search mean"):
            gallery.references("nearest")
        gallery.remove(["Ada"])
        assert gallery.references("nearest").names == ["Bob"]


def test_nothing_of_a_person_is_left_when_removed(earlier: Path) -> None:
    def held() -> set[str]:
        contents = b"".join(file.read_bytes() for file in earlier.parent.glob("people.db*"))
        return {name for name, total in TOTALS.items() if total.tobytes() in contents}

    assert held() == {"Ada", "Bob"}
    with Gallery(earlier) as gallery:
        gallery.remove(["Ada"])
        assert held() == {"Bob"}


def test_exports_of_the_earlier_form_are_taken_in(gallery: Gallery, tmp_path: Path) -> None:
    np.savez(
        tmp_path / "earlier.npz",
        format=np.array("faceline gallery 1"),
        model=np.array(MODEL),
        names=np.array(list(TOTALS)),
        totals=np.array(list(TOTALS.values())),
        photos=np.array(list(COUNTS.values())),
        updated=np.array(["2020-01-01"] * 2),
    )
    assert import_people(gallery, tmp_path / "earlier.npz") == (2, 0)
    assert [(person.name, person.photos) for person in gallery.people()] == [("Ada", 3), ("Bob", 1)]
    mean = VECTORS[:3].mean(axis=0)
    assert gallery.references().embeddings[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)
