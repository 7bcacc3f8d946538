"""Reads whatever people call a photo, and says in a word why not when it cannot."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from faceline.core.errors import InputError
from faceline.core.files import check_file
from faceline.imaging.images import MAX_ENCODED_BYTES, too_large
from faceline.imaging.parallel import ordered_map

# .heic and .heif are photos too: Pillow cannot read them without a plugin, and then each is named with that reason
_JPEG, _PHONES = {".jpg", ".jpeg", ".jfif"}, {".heic", ".heif"}
SUFFIXES = _JPEG | _PHONES | {".png", ".bmp", ".webp", ".avif", ".gif", ".tif", ".tiff", ".pgm", ".ppm"}


@dataclass(frozen=True)
class Photo:
    """A photo, or why it is none.

    Attributes:
        name: as the user gave it.
        status: `ok`, `unreadable` or `too_large`.
        reason: for people, empty when ok.
        image: RGB uint8, upright; None unless ok.
    """

    name: str
    status: str
    reason: str = ""
    image: np.ndarray | None = None


def as_text(path: Path | str) -> str:
    """A path as text that every file can hold: bytes that are no UTF-8 as `\\udcNN`."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def photos_below(folder: Path) -> list[Path]:
    """The files anywhere below a folder whose suffix is a photo's, sorted."""
    return [file for file in sorted(folder.rglob("*")) if file.suffix.lower() in SUFFIXES and file.is_file()]


def find_photos(arguments: Sequence[str]) -> list[Path]:
    """Photos, folders (searched through and through) and glob patterns to a list of files, each once.

    A single file is taken whatever its suffix, and whether or not it is there: reading it says so.

    Raises:
        InputError: a folder or a pattern without a photo.
    """
    found: dict[Path, None] = {}
    for argument in arguments:
        path = Path(argument)
        if path.is_dir():
            files = photos_below(path)
        elif has_magic(argument) and not path.exists():
            matches = (Path(match) for match in sorted(glob(argument, recursive=True)))  # noqa: PTH207 - absolute too
            files = [file for file in matches if file.is_file()]
        else:
            files = [path]
        if not files:
            raise InputError(f"{argument}: no photos there (looked for {', '.join(sorted(SUFFIXES))})")
        found.update(dict.fromkeys(files))
    return list(found)


def read_photo(path: Path) -> Photo:
    """Reads one photo: upright by its EXIF rotation, grey, CMYK, palette, alpha (over white) and 16 bit as RGB.

    Of an animation the first frame is taken. Never raises for a bad photo: the status says it.
    """
    name = str(path)
    try:
        check_file(path, "", MAX_ENCODED_BYTES)
    except InputError as error:
        reason = str(error).removeprefix(f"{path}: ").removesuffix("; ")
        return Photo(name, "unreadable", reason)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of sizes and odd metadata that are judged below
            with Image.open(path) as file:
                width, height = file.size
                if too_large(width, height):
                    return Photo(name, "too_large", f"{width} x {height} px; make it smaller first")
                return Photo(name, "ok", image=_to_rgb(ImageOps.exif_transpose(file)))
    except Image.DecompressionBombError as error:
        return Photo(name, "too_large", str(error))
    except UnidentifiedImageError:
        empty = path.stat().st_size == 0
        return Photo(name, "unreadable", "an empty file" if empty else "not a photo in any known format")
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as error:
        # Pillow's decoders raise all of these for damaged files
        return Photo(name, "unreadable", f"damaged: {error}")


def read_photos(paths: Iterable[Path], workers: int = 2, ahead: int = 4) -> Iterator[Photo]:
    """Reads photos in order with a few threads, at most `ahead` of them before they are asked for."""
    return ordered_map(read_photo, paths, workers, ahead)


def _to_rgb(image: Image.Image) -> np.ndarray:
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _deep_to_rgb(np.asarray(image))
    if "A" in image.getbands() or "transparency" in image.info:
        layer = image.convert("RGBA")
        image = Image.new("RGBA", layer.size, "white")
        image.alpha_composite(layer)
    return np.array(image.convert("RGB"))


def _deep_to_rgb(grey: np.ndarray) -> np.ndarray:
    """Grey levels of 16 or 32 bits, or floats in 0..1 or 0..255, to 8 bits: Pillow itself would clip them."""
    values = grey.astype(np.float64)
    top = values.max(initial=0)
    if np.issubdtype(grey.dtype, np.floating):
        values *= 255 if top <= 1 else 1
    elif top > 255:
        values /= 257
    eight_bit = np.clip(np.nan_to_num(values), 0, 255).round().astype(np.uint8)
    return np.repeat(eight_bit[..., None], 3, axis=2)
