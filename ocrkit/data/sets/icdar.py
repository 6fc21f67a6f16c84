"""Scenes in the form of ICDAR 2015 and MLT: a folder of pictures, a folder of text files.

The labels of `img_7.jpg` are in `gt_img_7.txt` (or `img_7.txt`), one word a line, UTF-8:

    x1,y1,x2,y2,x3,y3,x4,y4,transcription

Corners run clockwise from the one where the text starts. The transcription is all that follows the
eighth comma, commas, quotes and spaces included; `###` marks a word to be ignored. A line of eight
numbers is a word whose text is not known. The text files may lie in a zip archive, as they are
distributed.
"""

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from ocrkit.data import _rrc
from ocrkit.data._base import Dataset, DatasetConfig, Labels, Pictures, select
from ocrkit.errors import DataError, ImageError
from ocrkit.files import TextFiles
from ocrkit.image import find_images, read_image
from ocrkit.types import Image


class IcdarConfig(DatasetConfig):
    """Where the pictures and their labels are; names in lists are pictures' names, less suffix."""

    name: Literal["icdar"] = "icdar"
    labels: Path = Field(description="folder of text files, or a zip archive of them")
    images: Path | None = Field(
        None, description="folder of pictures; without it, there are only labels"
    )


class Icdar(Dataset):
    """Pictures with their words, by name."""

    Config: ClassVar[type[DatasetConfig]] = IcdarConfig
    source: ClassVar[str] = "labels"

    def __init__(self, config: IcdarConfig) -> None:
        """List the pictures, or the label files where there are no pictures.

        Raises:
            ImageError: There are no pictures in the folder of pictures.
            DataError: There are no label files, or a list names no picture.
        """
        self._files = TextFiles(config.labels)
        self._pictures = Pictures(config.images) if config.images else None
        stems = _stems(config.images, self._files)
        self._stems = [stems[i] for i in select(stems, config, config.images or config.labels)]

    def __len__(self) -> int:
        return len(self._stems)

    def name(self, index: int) -> str:
        """The name of a picture, less suffix."""
        return self._stems[index]

    def place(self, index: int) -> str:
        """The path of a picture; of its labels where there are no pictures."""
        if self._pictures is None:
            return str(self._files.path / self._label_file(index))
        return str(self._pictures.find(self._stems[index]))

    def labels(self, index: int) -> Labels:
        """The words of a picture."""
        return _rrc.read_quads(self._files, self._label_file(index))

    def image(self, index: int) -> Image:
        """A picture."""
        if self._pictures is None:
            folder = self._files.path
            raise ImageError(f"{folder}: the folder of pictures was not given: set `images`")
        return read_image(self._pictures.find(self._stems[index]))

    def _label_file(self, index: int) -> str:
        """The name of the label file of a picture."""
        stem = self._stems[index]
        for name in (f"gt_{stem}.txt", f"{stem}.txt"):
            if name in self._files:
                return name
        raise DataError(
            f"{self._files.path}: no labels for picture {stem!r}; expected gt_{stem}.txt"
        )


def read_labels(path: Path) -> Labels:
    """The words in one label file.

    Raises:
        DataError: The file cannot be read or a line is malformed; the message names both.
    """
    return _rrc.read_quads(TextFiles(path.parent), path.name)


def _stems(images: Path | None, files: TextFiles) -> list[str]:
    """The names of the pictures, in the order of a folder's listing."""
    if images is not None:
        return list(dict.fromkeys(picture.stem for picture in find_images([images])))
    stems = (name.removesuffix(".txt") for name in files.names if name.endswith(".txt"))
    return list(dict.fromkeys(stem.removeprefix("gt_") for stem in stems))
