import pickle
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from faceline.core.errors import InputError
from faceline.photos.photos import open_photos
from faceline.photos.seven_zip import unpacking


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "photos"
    for path, content in {"a.jpg": b"A", "deep/er/b.PNG": b"B", "notes.txt": b"no photo"}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def zipped(folder, path):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.*")):
            archive.write(file, f"img_celeba/{file.relative_to(folder)}")
    return path


@pytest.mark.parametrize("packed", [False, True])
def test_folder_and_zip_are_read_the_same(folder, tmp_path, packed):
    with open_photos(zipped(folder, tmp_path / "p.zip") if packed else folder) as photos:
        assert photos.names == ["a.jpg", "b.PNG"]
        assert photos.read("b.PNG") == b"B"
        assert "a.jpg" in photos.names
        with pytest.raises(InputError, match="no photo called"):
            photos.read("../photos/a.jpg")


@pytest.mark.parametrize("packed", [False, True])
def test_photos_go_to_another_process_by_their_path_alone(folder, tmp_path, packed):
    (folder / "large.jpg").write_bytes(b"L" * 100_000)
    with open_photos(zipped(folder, tmp_path / "p.zip") if packed else folder) as photos:
        sent = pickle.dumps(photos)
    assert len(sent) < 1000
    with pickle.loads(sent) as there:
        assert there.names == ["a.jpg", "b.PNG", "large.jpg"]
        assert there.read("a.jpg") == b"A"


def test_a_zip_can_be_read_from_many_threads(folder, tmp_path):
    for number in range(50):
        (folder / f"{number}.jpg").write_bytes(str(number).encode() * 1000)
    with open_photos(zipped(folder, tmp_path / "p.zip")) as photos, ThreadPoolExecutor(8) as pool:
        names = [f"{number % 50}.jpg" for number in range(1000)]
        assert list(pool.map(photos.read, names)) == [name[:-4].encode() * 1000 for name in names]


def test_same_name_in_two_folders_is_refused(folder):
    (folder / "deep" / "a.jpg").write_bytes(b"other")
    with pytest.raises(InputError, match=r"two photos are called a\.jpg"):
        open_photos(folder)


PARTS = ("img_celeba.7z.001", "img_celeba.7z.002")


@pytest.mark.parametrize(
    ("packed", "named", "first"),
    [
        ("celeba", "celeba/img_celeba.7z.001", "celeba/img_celeba.7z.001"),
        ("celeba", "celeba/img_celeba.7z.002", "celeba/img_celeba.7z.001"),
        ("celeba", "celeba/img_celeba", "celeba/img_celeba.7z.001"),
        ("celeba", "celeba/img_celeba.zip", "celeba/img_celeba.7z.001"),
        ("celeba/img_celeba", "celeba/img_celeba", "celeba/img_celeba/img_celeba.7z.001"),
        ("celeba/img_celeba.7z", "celeba/img_celeba.7z", "celeba/img_celeba.7z/img_celeba.7z.001"),
        ("celeba/img_celeba.7z", "celeba/img_celeba", "celeba/img_celeba.7z/img_celeba.7z.001"),
    ],
)
def test_of_packed_parts_the_command_that_unpacks_them_is_said(tmp_path, monkeypatch, packed, named, first):
    """Into the folder where CelebA's archive makes its img_celeba."""
    monkeypatch.chdir(tmp_path)
    Path(packed).mkdir(parents=True)
    for part in PARTS:
        (Path(packed) / part).write_bytes(b"7z\xbc\xaf")
    assert unpacking(Path(named)) == f"7z x {first} -oceleba"
    if Path(named).exists():
        with pytest.raises(InputError, match=f"still packed; `7z x {first} -oceleba` unpacks them"):
            open_photos(Path(named))


def test_photos_beside_packed_parts_are_photos(folder):
    for part in PARTS:
        (folder / part).touch()
    assert unpacking(folder) == ""
    assert open_photos(folder).names == ["a.jpg", "b.PNG"]
    assert unpacking(folder / "a.jpg") == ""
    assert unpacking(folder / "nowhere") == ""


def test_what_is_no_photo_set_is_refused(tmp_path):
    (tmp_path / "x.zip").write_text("no zip")
    with pytest.raises(InputError, match=r"a folder of photos or a \.zip"):
        open_photos(tmp_path / "x.zip")
    with pytest.raises(InputError, match="no photos here"):
        open_photos(tmp_path / "nowhere")


def test_a_damaged_entry_with_a_huge_name_is_refused_in_few_words(tmp_path):
    """zipfile's own error repeats the name, once as the directory has it and once as the entry has."""
    path, name = tmp_path / "x.zip", "n" * 5000 + ".jpg"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, b"A")
    path.write_bytes(path.read_bytes().replace(b"nnnn", b"mmmm", 1))  # the entry's own header comes first
    with open_photos(path) as photos, pytest.raises(InputError, match="is damaged") as refused:
        photos.read(name)
    assert len(str(refused.value)) < 800
