r"""ICDAR 2013 Focused Scene Text (challenge 2): upright words, and pictures of single words.

Scenes (tasks 2.1 and 2.4): 229 pictures to train on and 233 to test on. The labels of `100.jpg` are
in `gt_100.txt`, one word a line. The training set separates by spaces, the test set by commas:

    158 128 411 181 "Footpath"
    38, 43, 920, 215, "Tiredness"

These are left, top, right, bottom, and the text between the first and the last quote, where a
backslash stands before double quotes and backslashes. Coordinates are kept as published: whether
right and bottom belong to the box is not documented. `###` marks a word to be ignored.

Words (task 2.3): 848 pictures to train on and 1095 to test on, listed with their texts in one file,
one `word_1.png, "Tiredness"` a line.
"""

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from ocrkit.data import _rrc
from ocrkit.data._base import DatasetConfig, Labels
from ocrkit.data._entries import Box, Entries, Entry, FoldersConfig, scenes
from ocrkit.errors import DataError
from ocrkit.files import TextFiles, parse_numbers


class Icdar2013Config(FoldersConfig):
    """Where the archives were unpacked, and which of the sets is wanted."""

    name: Literal["icdar2013"] = "icdar2013"
    split: Literal["train", "test"] = Field("train", description="which pictures")
    task: Literal["scenes", "words"] = Field("scenes", description="whole scenes or single words")


class Icdar2013(Entries):
    """Scenes or words, in the order of their label files."""

    Config: ClassVar[type[DatasetConfig]] = Icdar2013Config

    def __init__(self, config: Icdar2013Config) -> None:
        """List the samples.

        Raises:
            DataError: There are no labels, the list of words is malformed, or a list names no
                sample.
        """
        listing = _scenes if config.task == "scenes" else _words
        entries, source = listing(config)
        super().__init__(entries, config, source)


def _scenes(config: Icdar2013Config) -> tuple[list[Entry], Path]:
    split = "Training" if config.split == "train" else "Test"
    pictures = config.pictures(f"Challenge2_{split}_Task12_Images")
    files = TextFiles(config.truth(f"Challenge2_{split}_Task1_GT", f"Challenge2_{split}_Task4_GT"))
    return scenes(_rrc.SCENES, files, pictures.find, _read), files.path


def _words(config: Icdar2013Config) -> tuple[list[Entry], Path]:
    if config.split == "train":
        folder = config.pictures("Challenge2_Training_Task3_Images_GT").folder
        listed = config.labels or folder / "gt.txt"
    else:
        folder = config.pictures("Challenge2_Test_Task3_Images").folder
        listed = config.truth("Challenge2_Test_Task3_GT.txt")
    return _rrc.words(listed, folder), listed


def _read(files: TextFiles, name: str) -> Labels:
    """The words of one picture."""
    boxes, texts = [], []
    for where, line in files.lines(name):
        numbers, quote, text = line.partition('"')
        fields = numbers.replace(",", " ").split()
        if len(fields) != 4 or not quote or not text.rstrip().endswith('"'):
            raise DataError(f'{where}: expected left, top, right, bottom and a "text": {line!r}')
        boxes.append(Box(*parse_numbers(fields, where)))
        texts.append(_rrc.unescape(text.rstrip()[:-1]))
    return _rrc.labels_of([box.outline for box in boxes], texts)
