"""A person in a data set: found in every list, folder and archive, and taken out whole or not at all."""

from __future__ import annotations

import os
import re
import signal
import zipfile
from multiprocessing import get_context
from pathlib import Path

import pytest
import yaml
from named_data import ADAS, PEOPLE, contents

from faceline.annotations.celeba import read_annotations
from faceline.core.errors import InputError
from faceline.forgetting import change
from faceline.forgetting.change import without_person
from faceline.forgetting.data_sets import find_data_set, find_person

LISTS = ["identity_CelebA", "list_attr_celeba", "list_bbox_celeba", "list_landmarks_celeba", "list_eval_partition"]


def forget(data: Path, name: str = "Ada") -> None:
    with without_person(find_person(find_data_set(data), name)):
        pass


def annotations(data: Path):
    return read_annotations(*(data / f"{name}.txt" for name in LISTS[:4]))


def test_a_person_is_found_everywhere(data: Path) -> None:
    Path("my_people/Ada").mkdir(parents=True)
    Path("my_people/Ada/000003.jpg").touch()
    found = find_person(find_data_set(data), "Ada ")
    assert found.photos == set(ADAS)
    assert found.rows == {data / f"{name}.txt": 2 for name in LISTS}
    assert found.files == tuple(data / "img_celeba" / name for name in ADAS)
    assert found.archived == {data / "img_celeba.zip": tuple(f"img_celeba/{name}" for name in ADAS)}
    assert found.originals == (Path("my_people/Ada/000003.jpg"),)
    assert find_person(find_data_set(data), "Zoe") is None
    assert find_person(find_data_set(data), "1") is None  # where people have names, they are looked up by them


def test_every_list_and_folder_loses_them_and_nothing_else(data: Path) -> None:
    before, lines = annotations(data), contents(data)
    (data / "identity_CelebA.txt").chmod(0o640)
    forget(data)
    after = annotations(data)
    assert after.equals(before[~before.image_id.isin(ADAS)].reset_index(drop=True))
    assert sorted(path.name for path in (data / "img_celeba").iterdir()) == sorted(set(PEOPLE) - set(ADAS))
    assert (data / "identity_CelebA.txt").stat().st_mode & 0o777 == 0o640
    left = contents(data)
    for name in [*(f"{one}.txt" for one in LISTS), "people.csv"]:
        kept = [line for line in lines[name].splitlines(True) if not re.match(rb"00000[13]\.jpg", line)]
        if kept[0] == b"5\n":
            kept[0] = b"3\n"
        assert left[name] == b"".join(kept)
    assert left["img_celeba.zip"] == lines["img_celeba.zip"]
    assert not [name for name in left if name.endswith(".tmp") or name.startswith(".")]
    assert find_person(find_data_set(data), "Ada") is None


def test_people_without_names_are_known_by_number(data: Path) -> None:
    (data / "people.csv").unlink()
    assert find_person(find_data_set(data), "Ada") is None
    forget(data, "2")
    assert set(annotations(data).image_id) == {"000001.jpg", "000003.jpg", "000004.jpg"}


def test_a_parameter_file_names_the_data_set(data: Path) -> None:
    places = {"identity": "identity_CelebA", "attributes": "list_attr_celeba", "boxes": "list_bbox_celeba"}
    named = {kind: str(data / f"{name}.txt") for kind, name in places.items()}
    named |= {"landmarks": str(data / "list_landmarks_celeba.txt"), "images": str(data / "img_celeba.zip")}
    Path("params.yaml").write_text(yaml.safe_dump({"data": named}))
    found = find_person(find_data_set(Path("params.yaml")), "Ada")
    assert found.photos == set(ADAS)
    assert not found.files
    assert list(found.archived) == [data / "img_celeba.zip"]
    assert set(found.data.inputs) == {Path(path) for path in named.values()}
    Path("params.yaml").write_text(yaml.safe_dump({"data": {"identity": named["identity"]}}))
    with pytest.raises(InputError, match=r"data\.attributes is missing"):
        find_data_set(Path("params.yaml"))


def test_photos_in_a_linked_folder_are_found(data: Path) -> None:
    (data / "img_celeba").rename("elsewhere")
    (data / "img_celeba").symlink_to(Path("elsewhere").resolve())
    forget(data)
    assert sorted(path.name for path in Path("elsewhere").iterdir()) == sorted(set(PEOPLE) - set(ADAS))


def test_what_is_damaged_or_would_leave_nobody_is_refused_and_nothing_changed(data: Path) -> None:
    boxes = data / "list_bbox_celeba.txt"
    sound, before = boxes.read_text(), contents(data)
    boxes.write_text(sound.replace("000002.jpg", "000002.jpg x"))
    with pytest.raises(InputError, match=r"list_bbox_celeba\.txt"):
        forget(data)
    boxes.write_text(sound)
    partition = data / "list_eval_partition.txt"
    partition.write_text("000001.jpg 0\n000003.jpg 0\n")
    with pytest.raises(InputError, match="only person"):
        forget(data)
    partition.write_bytes(before["list_eval_partition.txt"])
    (data / "img_celeba.zip").write_text("no archive")
    with pytest.raises(InputError, match=r"expected a \.zip"):
        forget(data)
    (data / "img_celeba.zip").write_bytes(before["img_celeba.zip"])
    (data / "people.csv").write_text("image_id,person\n000001.jpg,1\n")
    with pytest.raises(InputError, match="people"):
        forget(data)
    (data / "people.csv").write_bytes(before["people.csv"])
    assert contents(data) == before
    with pytest.raises(InputError, match="who is who"):
        find_data_set(data / "img_celeba")


def test_an_error_before_the_end_changes_nothing(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, person = contents(data), find_person(find_data_set(data), "Ada")
    with pytest.raises(ZeroDivisionError), without_person(person):
        raise ZeroDivisionError
    assert contents(data) == before
    monkeypatch.setattr(change, "without_photos", lambda text, photos: text)
    with pytest.raises(Exception, match="by hand"), without_person(person):
        pass
    assert contents(data) == before


def _killed_at(step: int) -> None:
    """Forgets Ada, and dies before the step-th change."""
    done = 0
    unlink, replace = Path.unlink, Path.replace

    def counted(act):
        def or_die(path: Path, *arguments: object, **options: object) -> object:
            nonlocal done
            if path.exists() and done == step:
                os.kill(os.getpid(), signal.SIGKILL)
            done += path.exists()
            return act(path, *arguments, **options)

        return or_die

    Path.unlink, Path.replace = counted(unlink), counted(replace)
    forget(Path("data/mine"))


def test_killed_at_any_change_the_same_command_goes_on(data: Path) -> None:
    whole = annotations(data)
    originals = contents(data)
    for step in (1, 5, 7):  # of four lists, two photos, who is who, and the table of names
        child = get_context("fork").Process(target=_killed_at, args=(step,))
        child.start()
        child.join()
        assert child.exitcode == -signal.SIGKILL
        assert find_person(find_data_set(data), "Ada") is not None
        forget(data)
        assert annotations(data).equals(whole[~whole.image_id.isin(ADAS)].reset_index(drop=True))
        assert not set(ADAS) & {path.name for path in (data / "img_celeba").iterdir()}
        assert b"Ada" not in (data / "people.csv").read_bytes()
        for name, content in originals.items():
            (data / name).write_bytes(content)
    with zipfile.ZipFile(data / "img_celeba.zip") as archive:
        assert len(archive.namelist()) == len(PEOPLE)
