"""A gallery in Qdrant answers as one in a file does, after every kind of change; the service is the client's own."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_people import GALLERY_DIM as DIM
from made_people import GALLERY_MODEL as MODEL
from made_people import photo_rows, unit

from faceline.core.errors import FacelineError, InputError
from faceline.galleries.checks import FORMAT
from faceline.galleries.files import export_people, import_people
from faceline.galleries.gallery import Gallery
from faceline.galleries.identification import OperatingPoint, identify
from faceline.galleries.opening import gallery_exists, open_gallery, open_or_create_gallery
from faceline.galleries.rows import FaceQuality, PhotoRow

qdrant_client = pytest.importorskip("qdrant_client")
from faceline.galleries.qdrant_gallery import QdrantGallery  # noqa: E402

THRESHOLDS = OperatingPoint({count: 0.6 - 0.05 * count for count in range(1, 6)}, 0, None, None, False)


@pytest.fixture
def service() -> QdrantGallery:
    client = qdrant_client.QdrantClient(":memory:")
    return QdrantGallery.open_or_create(client, "people", "qdrant://memory/people", MODEL, DIM)


def _rows() -> list[PhotoRow]:
    rows = []
    for person in range(25):
        centre = unit(1, seed=person)
        near = centre + 0.2 * np.random.default_rng(person).normal(size=(1 + person % 3, DIM))
        rows += photo_rows({f"person {person:02d}": near})
    rows[4] = PhotoRow(rows[4].name, "q.jpg", rows[4].embedding, "2021-01-01", FaceQuality(90.5, 70, -0.1, 0.2, 0.9))
    return rows


CHANGES: list[Callable[[Gallery | QdrantGallery], None]] = [
    lambda gallery: gallery.add(_rows()),
    lambda gallery: gallery.remove(["person 03", "person 07"]),
    lambda gallery: gallery.add(photo_rows({"person 03": unit(2, seed=70), "new": unit(1, seed=71)}, "2022-01-01")),
    lambda gallery: gallery.remove_photos("person 05", ["elsewhere/2.jpg"]),
    lambda gallery: gallery.add(photo_rows({"person 11": unit(2, seed=72)}), existing="replace"),
    lambda gallery: gallery.remove_photos("person 06", ["1.jpg"]),  # the only one
]


def test_answers_are_those_of_a_file_after_every_change(service: QdrantGallery, gallery: Gallery) -> None:
    rng = np.random.default_rng(0)
    for change in CHANGES:
        change(service)
        change(gallery)
        assert service.people() == gallery.people()
        assert len(service) == len(gallery)
        kept = np.stack([row.embedding for row in gallery.rows()])
        for search, count in itertools.product(("mean", "nearest"), (1, 8)):
            faces = kept[rng.integers(0, 12, count)] + 0.15 * rng.normal(size=(count, DIM))
            faces /= np.linalg.norm(faces, axis=1, keepdims=True)
            answers = []
            for one in (service, gallery):
                references = one.searchable(search)
                answers.append(identify(faces, references, THRESHOLDS.of(references), repeats=False))
            for ours, other in zip(*answers, strict=True):
                assert (ours.name, ours.repeat_of, ours.threshold) == (other.name, other.repeat_of, other.threshold)
                assert ours.similarity == pytest.approx(other.similarity, abs=1e-5)


def test_rows_travel_between_a_file_and_the_service(service: QdrantGallery, gallery: Gallery, tmp_path: Path) -> None:
    gallery.add(_rows())
    export_people(gallery, tmp_path / "out.npz")
    import_people(service, tmp_path / "out.npz")
    facts = [[(row.name, row.photo, row.enrolled, row.quality) for row in one.rows()] for one in (service, gallery)]
    assert sorted(facts[0], key=str) == sorted(facts[1], key=str)
    with pytest.raises(InputError, match="enrolled already"):
        import_people(service, tmp_path / "out.npz")
    known, *_ = _rows()
    other = PhotoRow("person 01", known.photo, known.embedding, "")
    assert service.add([known, other, other]) == [False, True, False]
    assert service.add([known, other]) == [False, False]


def test_a_creation_that_was_interrupted_is_finished(tmp_path: Path) -> None:
    client = qdrant_client.QdrantClient(":memory:")
    facts = {"format": FORMAT, "model": MODEL, "dim": DIM}
    vectors = qdrant_client.models.VectorParams(size=DIM, distance=qdrant_client.models.Distance.DOT)
    client.create_collection("people-people", vectors_config=vectors, metadata=facts)
    with QdrantGallery.open_or_create(client, "people", "qdrant://memory/people", MODEL, DIM) as gallery:
        gallery.add(photo_rows({"Ada": unit(1)}))
        assert len(gallery) == 1
    client.create_collection("own-people", vectors_config=vectors)
    with pytest.raises(InputError, match="a collection own-people of something else"):
        QdrantGallery.open_or_create(client, "own", "qdrant://memory/own", MODEL, DIM)
    assert client.collection_exists("own-people")


@pytest.mark.parametrize("address", ["qdrant://host:abc/x", "qdrant://host:99999/x", "http://[::1/x"])
def test_an_address_that_is_none_is_bad_input(address: str) -> None:
    with pytest.raises(InputError, match=r"expected a file, qdrant://HOST/COLLECTION"):
        open_gallery(address)


def test_a_folder_that_another_process_has_open_is_named(tmp_path: Path) -> None:
    address = f"qdrant://{tmp_path}/store/people"
    script = f"from faceline.galleries.opening import gallery_exists; print(gallery_exists({address!r})); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "False\n"
        with pytest.raises(FacelineError, match="already accessed"):
            gallery_exists(address)
        other.communicate("\n")


def test_refusals(service: QdrantGallery) -> None:
    with pytest.raises(InputError, match="not with this one"):
        service.require_model("b" * 64)
    service.add(photo_rows({"Ada": unit(1)}))
    with pytest.raises(InputError, match="Zoe"):
        service.remove(["Ada", "Zoe"])
    with pytest.raises(InputError, match=r"no photo 9\.jpg"):
        service.remove_photos("Ada", ["9.jpg"])
    assert len(service) == 1
    service.add([PhotoRow("Bob", "2 earlier photos", unit(2).sum(axis=0), "", photos=2)])
    assert service.searchable().photos == [1, 2]
    with pytest.raises(InputError, match="--search mean"):
        service.searchable("nearest")


@pytest.mark.filterwarnings("ignore:.*local")
def test_addresses(tmp_path: Path) -> None:
    address = f"qdrant://{tmp_path}/service/people"
    assert not gallery_exists(address)
    with pytest.raises(InputError, match="no such collection"):
        open_gallery(address)
    with open_or_create_gallery(address, MODEL, DIM) as opened:
        opened.add(photo_rows({"Ada": unit(1)}))
    with open_gallery(address) as opened:
        assert [person.name for person in opened.people()] == ["Ada"]
    for wrong in ("ftp://host/people", "qdrant://host", "https://host:1/a/b", "qdrant:///people"):
        with pytest.raises(InputError, match="expected a file"):
            open_gallery(wrong)
    with pytest.raises(FacelineError, match="does not answer"):
        open_gallery("http://127.0.0.1:9/people")
