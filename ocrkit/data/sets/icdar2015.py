r"""ICDAR 2015 Incidental Scene Text (challenge 4): words as quads, and pictures of single words.

Scenes (tasks 4.1 and 4.4): 1000 pictures to train on and 500 to test on, labelled as `icdar` reads
them: `img_1.jpg` by `gt_img_1.txt`, in UTF-8 with a byte order mark and \r\n,

    377,117,463,117,465,130,378,130,Genaxis Theatre

`###` marks a word to be ignored.

Words (task 4.3): 4468 pictures to train on and 2077 to test on, upright boxes round words, listed
with their texts in one file, one `word_1.png, "Genaxis Theatre"` a line. Beside it, `coords.txt`
says where in its picture the word stands, clockwise from where it starts:

    word_1.png,0,0,86,0,88,13,1,13
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ocrkit.data import _rrc
from ocrkit.data._base import DatasetConfig, Labels
from ocrkit.data._entries import Entries, Entry, FoldersConfig, scenes
from ocrkit.errors import DataError
from ocrkit.files import TextFiles, parse_numbers


class Icdar2015Config(FoldersConfig):
    """Where the archives were unpacked, and which of the sets is wanted."""

    name: Literal["icdar2015"] = "icdar2015"
    split: Literal["train", "test"] = Field("train", description="which pictures")
    task: Literal["scenes", "words"] = Field("scenes", description="whole scenes or single words")
    corners: bool = Field(
        False, description="outline single words as coords.txt does; else each fills its picture"
    )


class Icdar2015(Entries):
    """Scenes or words, in the order of their label files."""

    Config: ClassVar[type[DatasetConfig]] = Icdar2015Config

    def __init__(self, config: Icdar2015Config) -> None:
        """List the samples.

        Raises:
            DataError: There are no labels, the list of words is malformed, or a list names no
                sample.
        """
        listing = _scenes if config.task == "scenes" else _words
        entries, source = listing(config)
        super().__init__(entries, config, source)


def _scenes(config: Icdar2015Config) -> tuple[list[Entry], Path]:
    if config.split == "train":
        pictures = config.pictures("ch4_training_images")
        truth = config.truth("ch4_training_localization_transcription_gt")
    else:
        pictures = config.pictures("ch4_test_images")
        truth = config.truth("Challenge4_Test_Task1_GT", "Challenge4_Test_Task4_GT")
    return scenes(_rrc.SCENES, TextFiles(truth), pictures.find, _rrc.read_quads), truth


def _words(config: Icdar2015Config) -> tuple[list[Entry], Path]:
    if config.split == "train":
        folder = config.pictures("ch4_training_word_images_gt").folder
        listed = config.labels or folder / "gt.txt"
    else:
        folder = config.pictures("ch4_test_word_images_gt").folder
        listed = config.truth("Challenge4_Test_Task3_GT.txt", "ch4_test_word_images_gt/gt.txt")
    entries = _rrc.words(listed, folder)
    if not config.corners:
        return entries, listed
    corners = _corners(folder / "coords.txt")
    return [replace(e, labels=partial(_outlined, e, corners, folder)) for e in entries], listed


def _corners(path: Path) -> Mapping[str, tuple[str, str]]:
    """The places and coordinates in `coords.txt`, by the names of pictures less suffix."""
    lines = TextFiles(path.parent).lines(path.name)
    split = ((where, *line.partition(",")) for where, line in lines)
    return {Path(name.strip()).stem: (where, numbers) for where, name, _, numbers in split}


def _outlined(entry: Entry, corners: Mapping[str, tuple[str, str]], folder: Path) -> Labels:
    """The label of a word with its quad."""
    if entry.name not in corners:
        raise DataError(f"{folder / 'coords.txt'}: no line for {entry.name}")
    where, numbers = corners[entry.name]
    fields = numbers.split(",")
    if len(fields) != 8:
        raise DataError(f"{where}: expected a picture and 8 coordinates, got {len(fields)}")
    outline = np.array(parse_numbers(fields, where), np.float32).reshape(4, 2)
    return replace(entry.labels(), outlines=(outline,))
