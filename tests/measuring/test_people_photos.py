"""Whose photos they are, read from folders, from CelebA's lists and from a parameter file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from faceline.annotations.celeba import write_celeba
from faceline.core.columns import BOX_COLUMNS, IMAGE_ID, PERSON, POINT_COLUMNS
from faceline.core.errors import InputError
from faceline.measuring.people_embeddings import subject
from faceline.measuring.people_photos import PeoplePhotos
from faceline.pipeline.found_faces import FoundFace, PhotoFaces
from faceline.pipeline.photo_files import Photo

PEOPLE = {"000001.png": 9, "000002.png": 4, "000003.png": 9, "000004.png": 4}


@pytest.fixture
def celeba(tmp_path: Path) -> Path:
    """Four photos in CelebA's layout, each of one grey level, the last no photo at all; two of them smile."""
    folder = tmp_path / "celeba"
    (folder / "img_celeba").mkdir(parents=True)
    table = pd.DataFrame({IMAGE_ID: list(PEOPLE), PERSON: list(PEOPLE.values())})
    table[BOX_COLUMNS] = np.arange(16).reshape(4, 4) + 5
    table[POINT_COLUMNS] = 7
    write_celeba(folder, table.assign(Smiling=pd.array([1, 0, 1, None], "Int8")))
    for number, name in enumerate(list(PEOPLE)[:3]):
        cv2.imwrite(str(folder / "img_celeba" / name), np.full((40, 30, 3), 10 * number, np.uint8))
    (folder / "img_celeba/000004.png").write_text("no photo")
    return folder


def check(people: PeoplePhotos) -> None:
    assert people.rows[IMAGE_ID].tolist() == ["000002.png", "000004.png", "000001.png", "000003.png"]
    assert people.rows[PERSON].tolist() == [4, 4, 9, 9]
    assert people.rows["Smiling"].tolist() == [0, pd.NA, 1, 1]
    assert people.boxes[0].tolist() == [9, 10, 11, 12]
    photos = list(people.read())
    assert [photo.status for photo in photos] == ["ok", "unreadable", "ok", "ok"]
    assert [int(photo.image.mean()) for photo in photos if photo.image is not None] == [10, 0, 20]
    some = people.select([0, 3])
    assert (some.rows[IMAGE_ID].tolist(), some.boxes[1].tolist()) == (["000002.png", "000003.png"], [13, 14, 15, 16])
    assert [photo.name for photo in some.read()] == ["000002.png", "000003.png"]


def test_a_folder_with_celebas_lists(celeba: Path) -> None:
    check(PeoplePhotos.of(celeba))


def test_a_parameter_file_names_the_lists_from_where_it_lies(celeba: Path) -> None:
    params = celeba.parent / "params.yaml"
    params.write_text(
        "data:\n  identity: celeba/identity_CelebA.txt\n  attributes: celeba/list_attr_celeba.txt\n"
        "  boxes: celeba/list_bbox_celeba.txt\n  landmarks: celeba/list_landmarks_celeba.txt\n"
        "  images: celeba/img_celeba\n  labels_by: hand\n  max_unreadable: 0\n"
    )
    check(PeoplePhotos.of(params))
    params.write_text("filter: {seed: 1}\n")
    with pytest.raises(InputError, match="data: missing"):
        PeoplePhotos.of(params)


def test_a_folder_for_each_person(celeba: Path) -> None:
    for name, person in PEOPLE.items():
        (celeba.parent / f"people/{person}").mkdir(parents=True, exist_ok=True)
        (celeba / "img_celeba" / name).rename(celeba.parent / f"people/{person}/{name}")
    people = PeoplePhotos.of(celeba.parent / "people")
    expected = sorted((str(person), name) for name, person in PEOPLE.items())
    assert people.rows.to_numpy().tolist() == [[f"{person}/{name}", person] for person, name in expected]
    assert people.boxes is None
    assert [photo.status for photo in people.read()] == ["ok", "unreadable", "ok", "ok"]
    for photo in (celeba.parent / "people/9").iterdir():
        photo.unlink()
    with pytest.raises(InputError, match="photos of 1 person"):
        PeoplePhotos.of(celeba.parent / "people")


def face(x: float, reject: str = "") -> FoundFace:
    box = np.array([x, 0.0, 10, 10])
    return FoundFace(box, "made", box, 0.9, reject=reject, embedding=np.array([x]))


def test_the_annotated_face_is_the_subject() -> None:
    photo = Photo("a", "ok", image=np.zeros((40, 100, 3), np.uint8))
    found = PhotoFaces(photo, "ok", (face(45), face(2), face(80, "eyes_too_close")))
    assert subject(found, None)[0] is found.faces[0]  # the middle one
    assert subject(found, np.array([0.0, 0, 10, 10])) == (found.faces[1], "ok", "")
    assert subject(found, np.array([80.0, 0, 10, 10]))[1:] == ("eyes_too_close", "eyes_too_close")
    missed, status, reason = subject(found, np.array([20.0, 0, 10, 10]))
    assert (missed, status) == (None, "no_match")
    assert "no face found where the annotated box is" in reason
    assert subject(PhotoFaces(photo, "no_face"), np.array([0.0, 0, 10, 10]))[1:] == ("no_face", "no_face")
