"""Datasets that are a list: each entry knows where its picture lies and how its label is read."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from pydantic import Field

from ocrkit.data._base import Dataset, DatasetConfig, Labels, Pictures, select
from ocrkit.errors import DataError, ImageError
from ocrkit.files import TextFiles
from ocrkit.image import read_image
from ocrkit.types import Floats, Image


class FoldersConfig(DatasetConfig):
    """What sets of a folder of pictures and a folder of labels have in common."""

    root: Path = Field(description="folder with the unpacked archives, each in one of its name")
    images: Path | None = Field(None, description="folder of pictures, if it has another name")
    labels: Path | None = Field(
        None, description="folder, zip archive or file of labels, if it has another name"
    )

    def pictures(self, *names: str) -> Pictures:
        """The folder of pictures: `images`, or the first of the names that is there."""
        found = (self.root / name for name in names if (self.root / name).is_dir())
        return Pictures(self.images or next(found, self.root / names[0]))

    def truth(self, *names: str) -> Path:
        """The labels: `labels`, or the first of the names that is there, if as a zip archive.

        Raises:
            DataError: None is there.
        """
        if self.labels:
            return self.labels
        for name in names:
            for path in (self.root / name, self.root / f"{name}.zip"):
                if path.exists():
                    return path
        expected = " or ".join(names)
        raise DataError(f"{self.root}: no labels here: expected {expected}; or set `labels`")


class Box(NamedTuple):
    """An upright rectangle, px."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def outline(self) -> Floats:
        """The corners, clockwise from the top left; (4, 2) float32."""
        left, top, right, bottom = self
        return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)

    def cut(self, image: Image) -> Image:
        """The pixels that the box touches, as far as it lies in the picture; may be none."""
        left, top = (max(0, int(np.floor(edge))) for edge in self[:2])
        right, bottom = (max(0, int(np.ceil(edge))) for edge in self[2:])
        return image[top:bottom, left:right].copy()


@dataclass(frozen=True, slots=True)
class Entry:
    """One sample.

    Attributes:
        name: What lists and predictions call it.
        picture: Finds the picture, which need not exist.
        labels: Reads the label.
        box: Says what of the picture is the sample; None if all of it is.
    """

    name: str
    picture: Callable[[], Path]
    labels: Callable[[], Labels]
    box: Callable[[], Box] | None = None


class Entries(Dataset):
    """The base of sets that list their samples when they are made."""

    def __init__(self, entries: Sequence[Entry], config: DatasetConfig, source: Path) -> None:
        """Keep the entries that `only` and `without` leave.

        Args:
            entries: All samples, in order.
            config: Of the set.
            source: What lists the samples, for messages.

        Raises:
            DataError: There are no samples, or a list names one that does not exist.
        """
        chosen = select([entry.name for entry in entries], config, source)
        self._entries = [entries[i] for i in chosen]

    def __len__(self) -> int:
        return len(self._entries)

    def name(self, index: int) -> str:
        """The name of a sample."""
        return self._entries[index].name

    def place(self, index: int) -> str:
        """The path of the picture, and the sample's name if it is a piece of it."""
        entry = self._entries[index]
        path = str(entry.picture())
        return f"{path}: {entry.name}" if entry.box else path

    def labels(self, index: int) -> Labels:
        """The label of a sample."""
        return self._entries[index].labels()

    def image(self, index: int) -> Image:
        """The picture of a sample, or what of it the sample is."""
        entry = self._entries[index]
        path = entry.picture()
        image = read_image(path)
        if entry.box is None:
            return image
        piece = entry.box().cut(image)
        if not piece.size:
            raise ImageError(f"{path}: the box of {entry.name} lies outside the picture")
        return piece


def scenes(
    pattern: str,
    files: TextFiles,
    find: Callable[[str], Path],
    read: Callable[[TextFiles, str], Labels],
) -> list[Entry]:
    """A sample for each label file.

    Args:
        pattern: Matches the names of label files; its group is the picture's name, less suffix.
        files: The label files.
        find: Finds the picture of a name.
        read: Reads the labels of one picture from `files` and the name of one of them.

    Raises:
        DataError: The label files cannot be listed, or two are of one picture.
    """
    found: dict[str, str] = {}
    for name in files.names:
        match = re.fullmatch(pattern, name)
        if match and match[1] in found:
            both = f"{found[match[1]]} and {name}"
            raise DataError(f"{files.path}: {both} are labels of one picture; remove one")
        if match:
            found[match[1]] = name
    return [
        Entry(stem, partial(find, stem), partial(read, files, name)) for stem, name in found.items()
    ]


def short_names(paths: Sequence[str]) -> list[str]:
    """The names of files less folder and suffix; with the folder if two would be the same."""
    stems = [PurePosixPath(path).stem for path in paths]
    if len(set(stems)) == len(stems):
        return stems
    return [str(PurePosixPath(path).with_suffix("")) for path in paths]
