"""insightface's training sets (CASIA-WebFace, MS1MV3, ...): aligned faces in a record file, as `train.rec`.

A record is MXNet's image header (flag, a float label, two ids; with a flag above 0 that many float labels follow) and
an encoded image. Record 0 holds no image: its first label is the key after the last image, from there to its second
label are records that say which images are whose. Every image's first label is its person too, and is read here.
Files without such a record 0 hold images only.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from faceline.aligned_sets.record_io import RecordFile
from faceline.core.errors import InputError

SIDE_PX = 112
_HEADER_WORDS = 6
_EXACT = 2**24  # above, a float32 does not hold every whole number


class FaceRecords(AbstractContextManager):
    """The faces of a record file.

    Attributes:
        path: of the record file.
        keys: (n,) int64 of the images, ascending.
        persons: (n,) int64, whom each shows, counted from 0.
    """

    def __init__(self, source: Path) -> None:
        """Opens a `.rec` file, or the one in a folder, with the `.idx` of the same name beside it.

        Raises:
            InputError: it is not there, damaged, does not fit its index, or a record is no labelled image.
        """
        self.path = _record_file(source)
        self._records = RecordFile(self.path, self.path.with_suffix(".idx"))
        try:
            self.keys, self.persons = self._labelled()
        except InputError:
            self._records.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        self._records.__exit__()

    def __len__(self) -> int:
        return len(self.keys)

    def image(self, key: int) -> bytes:
        """The encoded image of a face."""
        data = self._records.read(key)
        labels = int.from_bytes(data[:4], "little")
        return data[4 * (_HEADER_WORDS + labels) :]

    def _labelled(self) -> tuple[np.ndarray, np.ndarray]:
        records = self._records
        flags = records.words(0).astype(np.int64)
        without_image = 4 * (_HEADER_WORDS + flags)
        short = records.lengths() < without_image
        if short.any():
            raise InputError(
                f"{self.path}: record {records.keys[short][0]} is too short for MXNet's image header; this is no set "
                "of labelled images"
            )
        # a record's first label stands in its header, or after it where there are several
        labels = np.where(flags > 0, records.words(_HEADER_WORDS, "<f4"), records.words(1, "<f4"))
        images = np.ones(len(records), bool)
        if records.keys[0] == 0 and flags[0] > 0 and records.lengths()[0] == without_image[0]:
            end = labels[0]
            images = (records.keys > 0) & (records.keys < end)
            if end <= _EXACT and images.sum() != end - 1:
                raise InputError(
                    f"{self.path}: record 0 announces {end - 1:.0f} images, its index has {images.sum()} of them: "
                    "the index is another file's, or not whole"
                )
        keys, labels = records.keys[images], labels[images]
        if not len(keys):
            raise InputError(f"{self.path}: holds no images")
        odd = ~((labels >= 0) & (labels <= _EXACT) & (labels == np.round(labels)))  # NaN is none of it
        if odd.any():
            raise InputError(
                f"{self.path}: record {keys[odd][0]} has the label {labels[odd][0]}; expected the number of a person"
            )
        return keys, labels.astype(np.int64)


def _record_file(source: Path) -> Path:
    if not source.is_dir():
        return source
    files = sorted(source.glob("*.rec"))
    if len(files) != 1:
        found = ", ".join(file.name for file in files) or "none"
        raise InputError(f"{source}: expected one .rec file in this folder, found {found}; name the file")
    return files[0]
