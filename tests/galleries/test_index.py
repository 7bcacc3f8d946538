"""The index beside a gallery: the same answers as without it, whoever was added or removed since, and nobody left."""

from __future__ import annotations

import stat
from pathlib import Path

import numpy as np
import pytest
from made_people import GALLERY_DIM as DIM
from made_people import GALLERY_MODEL as MODEL
from made_people import made_embeddings, photo_rows, unit

from faceline.core.errors import InputError
from faceline.galleries.gallery import Gallery
from faceline.galleries.identification import OperatingPoint, identify
from faceline.galleries.index_build import build_index
from faceline.galleries.index_folder import index_folder
from faceline.galleries.index_search import IndexedReferences
from faceline.galleries.rows import PhotoRow

pytest.importorskip("usearch")
THRESHOLDS = OperatingPoint({1: 0.55, 2: 0.5, 3: 0.45, 4: 0.4}, 0, None, None, False)


def _photos(people: int, seed: int = 0, first: int = 0) -> list[PhotoRow]:
    """One to three photos of each."""
    rows = []
    for person in range(people):
        vectors, _ = made_embeddings(1, 1 + person % 3, DIM, seed=seed + person)
        rows += photo_rows({f"person {first + person}": vectors})
    return rows


def _answers(gallery: Gallery, search: str, faces: np.ndarray, repeats: bool, index: bool) -> list:
    references = gallery.searchable(search) if index else gallery.references(search)
    assert isinstance(references, IndexedReferences) == index
    return [
        (match.name, match.repeat_of, match.threshold, pytest.approx(match.similarity, abs=1e-6))
        for match in identify(faces, references, THRESHOLDS.of(references), repeats)
    ]


def _check(gallery: Gallery, search: str) -> None:
    for seed in range(2):
        rng = np.random.default_rng(seed)
        for count in (1, 90):
            near = np.stack([row.embedding for row in gallery.rows()])
            near = near[rng.integers(0, min(len(near), 40), count)]
            faces = near + rng.normal(size=near.shape) * 0.15
            faces /= np.linalg.norm(faces, axis=1, keepdims=True)
            for repeats in (False, True):
                with_it, without = (_answers(gallery, search, faces, repeats, index) for index in (True, False))
                assert with_it == without


@pytest.mark.parametrize("numbers", ["float16", "int8"])
@pytest.mark.parametrize("search", ["mean", "nearest"])
def test_answers_are_those_without_an_index(gallery: Gallery, search: str, numbers: str) -> None:
    """Also for photos of more faces than there are people, and after every kind of change."""
    gallery.add(_photos(60))
    build_index(gallery, search, numbers)
    _check(gallery, search)
    gallery.remove(["person 3", "person 17"])
    gallery.add(_photos(10, seed=900, first=500))
    gallery.add(photo_rows({"person 8": unit(1, seed=77)}))
    gallery.remove_photos("person 5", ["2.jpg"])
    gallery.add(photo_rows({"person 3": unit(2, seed=78)}))
    gallery.add(photo_rows({"person 11": unit(3, seed=79)}), existing="replace")
    _check(gallery, search)
    build_index(gallery, search, numbers)
    _check(gallery, search)


def test_rounding_that_hides_the_first_place_does_not(path: Path) -> None:
    """A thousand people nearer to each other than what int8 keeps apart."""
    rng = np.random.default_rng(0)
    vectors = unit(1) + rng.normal(size=(1000, DIM)) * 1e-3
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with Gallery.open_or_create(path, MODEL, DIM) as gallery:
        gallery.add([PhotoRow(f"{number:04d}", "1.jpg", vector, "") for number, vector in enumerate(vectors)])
        build_index(gallery, "mean", "int8")
        references = gallery.searchable()
        for person in rng.integers(0, 1000, 8):
            face = vectors[[person]].astype(np.float32)
            (match,) = identify(face, references, np.full(1000, 0.5), repeats=False)
            assert match.name == f"{person:04d}"


@pytest.mark.parametrize("search", ["mean", "nearest"])
def test_who_is_removed_is_removed_from_the_index(gallery: Gallery, search: str) -> None:
    gallery.add(_photos(30))
    folder = build_index(gallery, search, "float16")
    held = [row.embedding.astype(np.float16).tobytes() for row in gallery.rows() if row.name == "person 3"]
    assert held[0] in (folder / "vectors.npy").read_bytes()
    names = [row.name for row in gallery.rows()]
    references = gallery.searchable(search)  # opened before, as by another process
    gallery.remove(["person 3"])
    contents = b"".join(file.read_bytes() for file in folder.iterdir())
    assert held[0] not in contents
    assert not any(name.encode() in contents for name in names)
    (match,) = identify(_photos(4)[5:6][0].embedding[None], references, THRESHOLDS.of(references), repeats=False)
    assert match.name != "person 3"


def test_its_files_are_private(gallery: Gallery) -> None:
    gallery.add(_photos(3))
    folder = build_index(gallery, "mean", "float16")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_an_index_of_another_gallery_is_not_used(gallery: Gallery, tmp_path: Path, caplog) -> None:
    gallery.add(_photos(5))
    folder = build_index(gallery, "mean", "float16")
    with Gallery.open_or_create(tmp_path / "other.db", MODEL, DIM) as other:
        other.add(_photos(5, seed=50))
        folder.rename(index_folder(other.path, "mean"))
        assert not isinstance(other.searchable(), IndexedReferences)
        assert "another gallery" in caplog.text
        other.remove(["person 1"])
        assert not index_folder(other.path, "mean").exists()


def test_damaged_indexes_are_named(gallery: Gallery) -> None:
    gallery.add(_photos(5))
    folder = build_index(gallery, "mean", "float16")
    damages = {
        "facts.json": b"{}",
        "photos.npy": (folder / "last_ids.npy").read_bytes()[:-8],
        "last_ids.npy": b"no array",
        "vectors.npy": (folder / "last_ids.npy").read_bytes(),
    }
    for name, damage in damages.items():
        sound = (folder / name).read_bytes()
        (folder / name).write_bytes(damage)
        with pytest.raises(InputError, match=r"mean-index.*faceline index"):
            gallery.searchable()
        (folder / name).write_bytes(sound)
    assert isinstance(gallery.searchable(), IndexedReferences)


def test_what_cannot_be_indexed(gallery: Gallery) -> None:
    with pytest.raises(InputError, match="nobody"):
        build_index(gallery, "mean", "float16")
    gallery.add([PhotoRow("Ada", "2 earlier photos", unit(2).sum(axis=0), "", photos=2)])
    with pytest.raises(InputError, match="--search mean"):
        build_index(gallery, "nearest", "float16")
    assert not index_folder(gallery.path, "nearest").exists()
