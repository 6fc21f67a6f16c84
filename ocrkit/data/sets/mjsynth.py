"""MJSynth (Synthetic Word Dataset, Synth90k): rendered words, one a picture of 32 rows or so.

7 224 612 pictures to train on, 802 734 to validate on and 891 927 to test on, of 88 172 words. In
the folder `mnt/ramdisk/max/90kDICT32px` lie the pictures, `lexicon.txt` with a word a line, and
`annotation_train.txt`, `annotation_val.txt` and `annotation_test.txt` with a picture a line, each
with its word's place in the lexicon, from 0:

    ./2425/1/115_Lube_45484.jpg 45484

The middle of a picture's name is the word in the case in which it is drawn, which is the text here
unless the setting `text` is "lexicon". Some pictures are damaged or empty in the download, which is
an error of `image`. None is marked to be ignored.
"""

import re
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from ocrkit.data._base import Dataset, DatasetConfig, Labels, select
from ocrkit.data._lines import Lines, Listed
from ocrkit.errors import DataError
from ocrkit.files import read_lines
from ocrkit.image import read_image
from ocrkit.types import Image

FOLDERS = ("", "90kDICT32px", "mnt/ramdisk/max/90kDICT32px", "max/90kDICT32px")
"""Where the annotations may lie from the root."""


class MjsynthConfig(DatasetConfig):
    """Where the set is, and which part of it is wanted."""

    name: Literal["mjsynth"] = "mjsynth"
    root: Path = Field(description="folder in which the archive was unpacked, or 90kDICT32px")
    split: Literal["train", "val", "test"] = Field("train", description="which pictures")
    text: Literal["picture", "lexicon"] = Field(
        "picture", description="the word as it is drawn, or as the lexicon has it"
    )


class Mjsynth(Dataset):
    """Words in the order of the annotation; names are paths less `./` and suffix."""

    Config: ClassVar[type[DatasetConfig]] = MjsynthConfig

    def __init__(self, config: MjsynthConfig) -> None:
        """Find the lines of the annotation.

        Raises:
            DataError: There is no annotation, or a list names no picture.
        """
        file = f"annotation_{config.split}.txt"
        found = (config.root / folder for folder in FOLDERS)
        self._folder = next((f for f in found if (f / file).is_file()), config.root)
        self._text = config.text
        self._lines = Lines(self._folder / file)
        self._chosen = select(Listed(len(self._lines), self._name), config, self._lines.path)

    def __len__(self) -> int:
        return len(self._chosen)

    def name(self, index: int) -> str:
        """The path of a picture, less suffix."""
        return self._name(self._chosen[index])

    def place(self, index: int) -> str:
        """The path of a picture."""
        return str(self._folder / self._row(self._chosen[index])[0])

    def labels(self, index: int) -> Labels:
        """What a picture says."""
        number = self._chosen[index]
        path, place = self._row(number)
        named = re.fullmatch(r"\d+_(.+)_(\d+)\.\w+", Path(path).name)
        if not named or int(named[2]) != place:
            where = self._lines.where(number)
            raise DataError(f"{where}: expected ./2425/1/115_Lube_45484.jpg 45484, got {path!r}")
        if self._text == "picture":
            return Labels.of_crop(named[1])
        if place not in self._lexicon:
            raise DataError(f"{self._lines.where(number)}: the lexicon has no word {place}")
        return Labels.of_crop(self._lexicon[place])

    def image(self, index: int) -> Image:
        """A picture."""
        return read_image(self.place(index))

    @cached_property
    def _lexicon(self) -> dict[int, str]:
        """The words by their places."""
        return {number - 1: word for number, word in read_lines(self._folder / "lexicon.txt")}

    def _row(self, number: int) -> tuple[str, int]:
        """The picture and the place in the lexicon that a line names."""
        path, _, place = self._lines[number].strip().rpartition(" ")
        if not path or not (place.isascii() and place.isdigit()):
            where = self._lines.where(number)
            raise DataError(f"{where}: expected a picture and a number, got {path or place!r}")
        return path.strip(), int(place)

    def _name(self, number: int) -> str:
        path = self._row(number)[0].removeprefix("./")
        return path.rpartition(".")[0] or path
