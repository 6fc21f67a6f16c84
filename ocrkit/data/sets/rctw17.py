r"""RCTW-17 (ICDAR 2017 Reading Chinese Text in the Wild): lines of text as quads.

8034 pictures to train on; the labels of 4229 more are not public. Most were taken with phones, some
are screenshots. The labels of `image_0.jpg` are in `image_0.txt`, one line of text a line, in UTF-8
with a byte order mark:

    390,902,1856,902,1856,1225,390,1225,0,"金氏眼镜"

Corners run clockwise from the top left. The ninth number is 1 where the text is difficult to read.
The text is all that follows it, less the quotes around it: commas and quotes within belong to it.
A line is to be ignored if it is difficult or its text is `###`. Coordinates are kept as published.
"""

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from ocrkit.data._base import DatasetConfig, Labels, Pictures
from ocrkit.data._entries import Entries, FoldersConfig, scenes
from ocrkit.errors import DataError
from ocrkit.files import TextFiles, parse_numbers

IGNORED = "###"
"""The transcription of a line that is to be ignored."""


class Rctw17Config(FoldersConfig):
    """Where the archives were unpacked."""

    name: Literal["rctw17"] = "rctw17"


class Rctw17(Entries):
    """Scenes in the order of their label files."""

    Config: ClassVar[type[DatasetConfig]] = Rctw17Config

    def __init__(self, config: Rctw17Config) -> None:
        """List the samples.

        Raises:
            DataError: There are no labels, or a list names no sample.
        """
        entries = [
            entry
            for truth, pictures in _places(config)
            for entry in scenes(r"(.+)\.txt", TextFiles(truth), pictures.find, _read)
        ]
        super().__init__(entries, config, config.root)


def _places(config: Rctw17Config) -> list[tuple[Path, Pictures]]:
    """Folders of labels with their pictures; version 1.2 has them together in six parts."""
    parts = sorted((config.root / "train").glob("part*"))
    if parts and config.labels is None:
        return [(part, Pictures(part)) for part in parts]
    return [(config.truth("train_gts"), config.pictures("train_images"))]


def _read(files: TextFiles, name: str) -> Labels:
    """The lines of text in one picture."""
    outlines, texts, ignored = [], [], []
    for where, line in files.lines(name):
        fields = line.split(",", 9)
        if len(fields) < 10:
            expected = "8 coordinates, whether it is difficult, and a text"
            raise DataError(f"{where}: expected {expected}, got {len(fields)} fields")
        if fields[8].strip() not in ("0", "1"):
            raise DataError(f"{where}: expected 0 or 1 as ninth number, got {fields[8]!r}")
        text = fields[9].strip()
        text = text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
        outlines.append(np.array(parse_numbers(fields[:8], where), np.float32).reshape(4, 2))
        texts.append(text)
        ignored.append(fields[8].strip() == "1" or text == IGNORED)
    return Labels(tuple(outlines), tuple(texts), np.array(ignored, bool))
