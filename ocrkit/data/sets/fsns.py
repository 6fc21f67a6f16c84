"""French Street Name Signs: pictures of street signs, up to four views of each side by side.

1 044 868 signs to train on, 16 150 to validate on and 20 404 to test on, in TFRecord files:

    train/train-00000-of-00512 ...
    validation/validation-00000-of-00064 ...
    test/test-00000-of-00064 ...

Each record is a `tf.train.Example`. These features are read:

    image/encoded       PNG of 600 x 150 px: four views of 150 x 150 px
    image/text          what the sign says, UTF-8, case as it should be; up to three lines in one
    image/orig_width    150 x the number of views; what is right of them is noise

and these say the same in other ways: image/class, image/unpadded_class, image/width, image/height,
image/format. No sign is marked to be ignored.
"""

import re
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ocrkit.data._base import Dataset, DatasetConfig, Labels, select
from ocrkit.data._lines import Listed
from ocrkit.data._tfrecord import Feature, find_records, parse_example, read_record
from ocrkit.errors import DataError, ImageError
from ocrkit.image import read_image
from ocrkit.types import Image

VIEW, VIEWS = 150, 4
"""The side of a view, px, and how many lie side by side."""


class FsnsConfig(DatasetConfig):
    """Where the set is, and which part of it is wanted."""

    name: Literal["fsns"] = "fsns"
    root: Path = Field(description="folder with the folders train, validation and test")
    split: Literal["train", "validation", "test"] = Field("train", description="which signs")
    view: Literal["all", 0, 1, 2, 3] = Field(
        "all", description="which of the views side by side; all four as they are stored"
    )
    incomplete: bool = Field(False, description="accept that files of the split are missing")


class Fsns(Dataset):
    """Signs in the order of the files; `train-00003-00017` is record 17 of file 3, from 0."""

    Config: ClassVar[type[DatasetConfig]] = FsnsConfig

    def __init__(self, config: FsnsConfig) -> None:
        """Find the records: of each, a few bytes of the file are read.

        Raises:
            DataError: Files are missing or damaged, or a list names no sign.
        """
        self._view = config.view
        self._files = _shards(config)
        spans = [find_records(path) for path in self._files]
        self._spans = np.concatenate(spans)
        self._firsts = np.cumsum([0, *map(len, spans)])
        names = Listed(len(self._spans), self._name)
        self._chosen = select(names, config, config.root)

    def __len__(self) -> int:
        return len(self._chosen)

    def name(self, index: int) -> str:
        """The name of a sign: its file's and its place there."""
        return self._name(self._chosen[index])

    def place(self, index: int) -> str:
        """The file and the record."""
        path, record = self._find(self._chosen[index])
        return f"{path}: record {record}"

    def labels(self, index: int) -> Labels:
        """What a sign says."""
        value = self._value(index, self._example(index), "image/text")
        try:
            return Labels.of_crop(value.decode())
        except UnicodeDecodeError as error:
            raise DataError(f"{self.place(index)}: image/text: is not UTF-8") from error

    def image(self, index: int) -> Image:
        """A sign, or one view of it."""
        try:
            example = self._example(index)
            data = self._value(index, example, "image/encoded")
        except DataError as error:
            raise ImageError(str(error)) from error
        try:
            image = read_image(data)
            return image if self._view == "all" else _cut(image, self._view, example)
        except ImageError as error:
            raise ImageError(f"{self.place(index)}: {error}") from error

    def _value(self, index: int, example: dict[str, Feature], name: str) -> bytes:
        """The one value of a feature of bytes."""
        values = example.get(name, ())
        if len(values) != 1 or not isinstance(values[0], bytes):
            raise DataError(f"{self.place(index)}: {name}: expected one value, got {len(values)}")
        return values[0]

    def _example(self, index: int) -> dict[str, Feature]:
        """All that a record says."""
        number = self._chosen[index]
        start, end = map(int, self._spans[number])
        path, _ = self._find(number)
        where = self.place(index)
        return parse_example(read_record(path, start, end, where), where)

    def _find(self, number: int) -> tuple[Path, int]:
        """The file of a sign counted before some were left out, and its place there."""
        file = int(np.searchsorted(self._firsts, number, side="right")) - 1
        return self._files[file], number - int(self._firsts[file])

    def _name(self, number: int) -> str:
        path, record = self._find(number)
        return f"{path.name.rpartition('-of-')[0]}-{record:05d}"


def _cut(image: Image, view: int, example: dict[str, Feature]) -> Image:
    """One view."""
    height, width, _ = image.shape
    if (height, width) != (VIEW, VIEWS * VIEW):
        raise ImageError(f"expected {VIEWS * VIEW} x {VIEW} px, got {width} x {height}")
    widths = example.get("image/orig_width") or (width,)
    views = int(widths[0]) // VIEW
    if view >= views:
        raise ImageError(f"has {views} views, so there is none of number {view}")
    return image[:, view * VIEW : (view + 1) * VIEW].copy()


def _shards(config: FsnsConfig) -> list[Path]:
    """The files of the split, in order."""
    folder = config.root / config.split
    prefix = "" if folder.is_dir() else config.split
    folder = folder if folder.is_dir() else config.root
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {error.strerror}") from error
    found = [name for name in names if re.fullmatch(prefix + r".*-\d{5}-of-\d{5}", name)]
    if not found:
        raise DataError(f"{folder}: no files {config.split}-00000-of-... here")
    expected = int(found[0].rpartition("-")[2])
    if len(found) != expected and not config.incomplete:
        count = f"{len(found)} of {expected} files are here"
        raise DataError(f"{folder}: {count}; set incomplete=true if that is meant")
    return [folder / name for name in found]
