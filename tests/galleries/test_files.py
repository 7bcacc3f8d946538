"""Galleries as files: what is carried over, who may read it, and what is refused."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_people import GALLERY_DIM as DIM
from made_people import GALLERY_MODEL as MODEL
from made_people import photo_rows, unit

from faceline.core.errors import InputError
from faceline.galleries.files import export_people, exported_model, import_people
from faceline.galleries.gallery import Gallery
from faceline.galleries.rows import FaceQuality


def test_export_and_import_bring_everybody_over(gallery: Gallery, tmp_path: Path) -> None:
    first, *others = photo_rows({"Ada": unit(3), "Bob": unit(2, seed=1)})
    gallery.add([replace(first, quality=FaceQuality(90.5, 70, -0.1, 0.2, 0.9)), *others])
    assert export_people(gallery, tmp_path / "out.npz") == 2
    with Gallery.open_or_create(tmp_path / "other.db", MODEL, DIM) as other:
        assert import_people(other, tmp_path / "out.npz") == (2, 0)
        assert other.people() == gallery.people()
        assert [row.quality for row in other.rows()] == [row.quality for row in gallery.rows()]
        assert np.array_equal(other.references().embeddings, gallery.references().embeddings)
        with pytest.raises(InputError, match="--existing"):
            import_people(other, tmp_path / "out.npz")
        import_people(other, tmp_path / "out.npz", existing="replace")
        assert [person.photos for person in other.people()] == [3, 2]
        assert import_people(other, tmp_path / "out.npz", existing="add") == (2, 5)  # every photo is there already
        other.remove_photos("Ada", ["2.jpg"])
        assert import_people(other, tmp_path / "out.npz", existing="add") == (2, 4)
        assert [person.photos for person in other.people()] == [3, 2]


def test_a_gallery_is_not_exported_over_itself(gallery: Gallery, tmp_path: Path) -> None:
    gallery.add(photo_rows({"Ada": unit(1)}))
    (tmp_path / "link.npz").symlink_to(gallery.path)
    for path in (gallery.path, tmp_path / "link.npz"):
        with pytest.raises(InputError, match="this is the gallery"):
            export_people(gallery, path)
    assert [person.name for person in Gallery(gallery.path).people()] == ["Ada"]


def test_import_refuses_another_model_and_other_files(gallery: Gallery, tmp_path: Path) -> None:
    with Gallery.open_or_create(tmp_path / "other.db", "b" * 64, DIM) as other:
        other.add(photo_rows({"Ada": unit(1)}))
        export_people(other, tmp_path / "other.npz")
    with pytest.raises(InputError, match="another recogniser"):
        import_people(gallery, tmp_path / "other.npz")
    np.savez(tmp_path / "plain.npz", names=np.array(["Ada"], dtype=object))
    with pytest.raises(InputError, match="not an exported gallery"):
        import_people(gallery, tmp_path / "plain.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(InputError, match="not an exported gallery"):
        import_people(gallery, tmp_path / "text.npz")


def test_the_file_is_private_and_says_whose_embeddings_it_holds(gallery: Gallery, tmp_path: Path) -> None:
    assert export_people(gallery, tmp_path / "nobody.npz") == 0
    assert exported_model(tmp_path / "nobody.npz") == (MODEL, DIM)
    assert import_people(gallery, tmp_path / "nobody.npz") == (0, 0)
    assert stat.S_IMODE((tmp_path / "nobody.npz").stat().st_mode) == 0o600
    assert not list(tmp_path.glob("*.tmp")) + list(tmp_path.glob(".*"))


def test_arrays_that_do_not_belong_together_are_refused(gallery: Gallery, tmp_path: Path) -> None:
    gallery.add(photo_rows({"Ada": unit(3)}))
    export_people(gallery, tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as file:
        contents = dict(file)
    damages = [
        {"photos": np.array([0, 1, 1])},
        {"embeddings": contents["embeddings"][:, :-1]},
        {"embeddings": contents["embeddings"] * np.nan},
        {"embeddings": contents["embeddings"] * 0},
        {"quality": contents["quality"][:, :-1]},
        {"names": np.array(["Ada", "Bob"])},
    ]
    for damage in damages:
        np.savez(tmp_path / "damaged.npz", **(contents | damage))
        with pytest.raises(InputError, match="damaged"):
            import_people(gallery, tmp_path / "damaged.npz", existing="replace")
    assert [person.photos for person in gallery.people()] == [3]


def test_a_folder_that_is_not_there_is_named(gallery: Gallery, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        export_people(gallery, tmp_path / "nowhere/out.npz")
