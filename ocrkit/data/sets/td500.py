"""MSRA-TD500: scenes with lines of text in English and Chinese, as rotated rectangles.

300 pictures to train on in the folder `train`, 200 to test on in `test`, each with a `.gt` file of
its name beside it, one line of text a line:

    index difficult x y width height angle

The rectangle `x y width height` (of the top left corner) is turned round its centre by `angle`,
radians, clockwise on screen where positive; its outline runs clockwise from the corner that was top
left. Lines are labelled, not words, and not what they say. Difficult ones (1) are to be ignored.
"""

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from ocrkit.data import _rotated
from ocrkit.data._base import DatasetConfig
from ocrkit.data._entries import Entries


class Td500Config(DatasetConfig):
    """Where the set is, and which part of it is wanted."""

    name: Literal["td500"] = "td500"
    root: Path = Field(description="folder MSRA-TD500, with `train` and `test` in it")
    split: Literal["train", "test"] = Field("train", description="which pictures")


class Td500(Entries):
    """Scenes in the order of their label files."""

    Config: ClassVar[type[DatasetConfig]] = Td500Config

    def __init__(self, config: Td500Config) -> None:
        """List the samples.

        Raises:
            DataError: There are no labels, or a list names no sample.
        """
        folder = config.root / config.split
        super().__init__(_rotated.listed(folder), config, folder)
