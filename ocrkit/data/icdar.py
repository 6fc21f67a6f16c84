"""Scenes in the form of ICDAR 2015 and MLT: a folder of pictures, a folder of text files.

The labels of `img_7.jpg` are in `gt_img_7.txt` (or `img_7.txt`), one word a line, UTF-8:

    x1,y1,x2,y2,x3,y3,x4,y4,transcription

Corners run clockwise from the one where the text starts. The transcription is all that follows the
eighth comma, commas, quotes and spaces included; `###` marks a word to be ignored. A line of eight
numbers is a word whose text is not known.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ocrkit.data._base import Dataset, DatasetConfig, read_lines, select
from ocrkit.errors import DataError
from ocrkit.image import find_images, read_image
from ocrkit.types import Bools, Floats, Sample, check

IGNORED = "###"
"""The transcription of a word that is to be ignored."""


class IcdarConfig(DatasetConfig):
    """Where the pictures and their labels are; names in lists are pictures' names, less suffix."""

    name: Literal["icdar"] = "icdar"
    images: Path = Field(description="folder of pictures")
    labels: Path = Field(description="folder of text files")


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """The words of one picture.

    Attributes:
        quads: (N, 4, 2) float32, in pixels.
        texts: N strings; None where the file gives no transcription.
        ignored: (N,) bool; True where the transcription is `###`.
    """

    quads: Floats
    texts: tuple[str | None, ...]
    ignored: Bools

    def __post_init__(self) -> None:
        check("quads", self.quads, (len(self.texts), 4, 2))
        check("ignored", self.ignored, (len(self.texts),))


class Icdar(Dataset):
    """Pictures with their words, by name."""

    Config: ClassVar[type[DatasetConfig]] = IcdarConfig

    def __init__(self, config: IcdarConfig) -> None:
        """Find the pictures and read all labels.

        Raises:
            ImageError: There are no pictures.
            DataError: A picture has no labels, a line is malformed, or a list names no picture.
        """
        pictures = find_images([config.images])
        _check_unique(pictures)
        stems = [picture.stem for picture in pictures]
        chosen = select(stems, config, config.images)
        self._pictures = [pictures[i] for i in chosen]
        self._labels = [read_labels(_label_file(config.labels, stems[i])) for i in chosen]

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, index: int) -> Sample:
        labels = self._labels[index]
        image = read_image(self._pictures[index])
        return Sample(image, labels.quads, labels.texts, labels.ignored)

    def name(self, index: int) -> str:
        """The path of a picture."""
        return str(self._pictures[index])

    def labels(self, index: int) -> Labels:
        """The words of a picture, which is not read."""
        return self._labels[index]


def read_labels(path: Path) -> Labels:
    """The words in one label file.

    Raises:
        DataError: The file cannot be read or a line is malformed; the message names both.
    """
    words = [_parse(line, f"{path}:{number}") for number, line in read_lines(path)]
    quads = np.array([quad for quad, _ in words], np.float32).reshape(-1, 4, 2)
    texts = tuple(text for _, text in words)
    return Labels(quads, texts, np.array([text == IGNORED for text in texts], bool))


def _parse(line: str, where: str) -> tuple[list[float], str | None]:
    """Eight coordinates, and the text if there is one."""
    fields = line.split(",", 8)
    if len(fields) < 8:
        raise DataError(f"{where}: expected 8 coordinates and a text, got {len(fields)} fields")
    try:
        quad = [float(field) for field in fields[:8]]
    except ValueError as error:
        raise DataError(f"{where}: {error}; expected 8 coordinates") from error
    if not all(map(math.isfinite, quad)):
        raise DataError(f"{where}: a coordinate is not finite")
    return quad, fields[8] if len(fields) > 8 else None


def _label_file(folder: Path, stem: str) -> Path:
    """The label file of the picture with this name."""
    choices = [folder / f"gt_{stem}.txt", folder / f"{stem}.txt"]
    for path in choices:
        if path.is_file():
            return path
    raise DataError(f"{folder}: no labels for picture {stem!r}; expected {choices[0].name}")


def _check_unique(pictures: Sequence[Path]) -> None:
    seen: dict[str, Path] = {}
    for picture in pictures:
        if picture.stem in seen:
            raise DataError(f"{picture}: has the name of {seen[picture.stem]}; rename one of them")
        seen[picture.stem] = picture
