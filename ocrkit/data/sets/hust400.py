"""HUST-TR400: scenes with lines of text in English and Chinese, as rotated rectangles.

400 pictures to train on, made to go with MSRA-TD500, in one folder with a `.gt` file for each,
which has the form of those of `td500`: one line of text a line,

    index difficult x y width height angle

Lines are labelled, not words, and not what they say. Difficult ones (1) are to be ignored.
"""

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from ocrkit.data import _rotated
from ocrkit.data._base import DatasetConfig
from ocrkit.data._entries import Entries


class Hust400Config(DatasetConfig):
    """Where the set is."""

    name: Literal["hust400"] = "hust400"
    root: Path = Field(description="folder HUST-TR400 of pictures and .gt files")


class Hust400(Entries):
    """Scenes in the order of their label files."""

    Config: ClassVar[type[DatasetConfig]] = Hust400Config

    def __init__(self, config: Hust400Config) -> None:
        """List the samples.

        Raises:
            DataError: There are no labels, or a list names no sample.
        """
        super().__init__(_rotated.listed(config.root), config, config.root)
