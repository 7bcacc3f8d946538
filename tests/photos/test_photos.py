import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from faceline.core.errors import InputError
from faceline.photos.photos import open_photos


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


def test_what_is_no_photo_set_is_refused(tmp_path):
    (tmp_path / "x.zip").write_text("no zip")
    with pytest.raises(InputError, match=r"a folder of photos or a \.zip"):
        open_photos(tmp_path / "x.zip")
    with pytest.raises(InputError, match="no photos here"):
        open_photos(tmp_path / "nowhere")
