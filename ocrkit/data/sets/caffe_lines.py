"""Chinese lines made for caffe_ocr: rendered lines of ten characters, 280 x 32 px.

About 3.64 million pictures in one folder, two lists with a picture a line and the classes of its
characters,

    20455828_2605100732.jpg 263 82 29 56 35 435 890 293 126 129

and a dictionary, `char_std_5990.txt`, with a character a line: class 0 is the first line, and
stands for no character, whatever is written there ("blank", or nothing). Classes 0 at the end of
shorter lines fill them up. The dictionary is in GBK as it was published, and in UTF-8 in copies.
Some characters are in it twice. No line is marked to be ignored.
"""

from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from ocrkit.data._base import Dataset, DatasetConfig, Labels, select
from ocrkit.data._entries import FoldersConfig
from ocrkit.data._lines import MARK, Lines, Listed
from ocrkit.errors import DataError
from ocrkit.image import read_image
from ocrkit.types import Image

BLANK = 0

ENCODINGS = {"utf-8": "utf-8", "gbk": "gb18030"}
"""GB 18030 has all of GBK, and what some copies have beyond it."""


class CaffeLinesConfig(FoldersConfig):
    """Where the set is, and which part of it is wanted."""

    name: Literal["caffe_lines"] = "caffe_lines"
    root: Path = Field(description="folder with the lists, the dictionary and the folder images")
    split: Literal["train", "test"] = Field("train", description="which pictures")
    dictionary: Path | None = Field(
        None, description="file with a character a line; char_std_5990.txt in the root if left out"
    )
    encoding: Literal["utf-8", "gbk"] | None = Field(
        None, description="of the dictionary; if left out, UTF-8 if it can be that, or else GBK"
    )


class CaffeLines(Dataset):
    """Lines in the order of the list; names are the pictures' as the list has them, less suffix."""

    Config: ClassVar[type[DatasetConfig]] = CaffeLinesConfig

    def __init__(self, config: CaffeLinesConfig) -> None:
        """Find the lines of the list.

        Raises:
            DataError: There is no list, or a list of names has one that it lacks.
        """
        split = config.split
        listed = config.truth(f"data_{split}.txt", f"{split}.txt", f"{split}_label.txt")
        self._folder = config.pictures("images", "image", ".").folder
        self._dictionary = config.dictionary or config.root / "char_std_5990.txt"
        self._encoding = config.encoding
        self._lines = Lines(listed)
        self._chosen = select(Listed(len(self._lines), self._name), config, listed)

    def __len__(self) -> int:
        return len(self._chosen)

    def name(self, index: int) -> str:
        """The name of a picture, less suffix."""
        return self._name(self._chosen[index])

    def place(self, index: int) -> str:
        """The path of a picture."""
        return str(self._folder / self._fields(self._chosen[index])[0])

    def labels(self, index: int) -> Labels:
        """What a line says."""
        number = self._chosen[index]
        _, *classes = self._fields(number)
        while classes and classes[-1] == str(BLANK):
            classes.pop()
        return Labels.of_crop("".join(self._character(text, number) for text in classes))

    def image(self, index: int) -> Image:
        """A line."""
        return read_image(self.place(index))

    def _name(self, number: int) -> str:
        path = self._fields(number)[0]
        return path.rpartition(".")[0] or path

    def _fields(self, number: int) -> list[str]:
        """A picture and its classes."""
        fields = self._lines[number].split()
        if len(fields) < 2:
            where = self._lines.where(number)
            raise DataError(f"{where}: expected a picture and its classes, got {fields}")
        return fields

    def _character(self, text: str, number: int) -> str:
        """The character of a class."""
        last = len(self._characters) - 1
        if not (text.isascii() and text.isdigit() and BLANK < int(text) <= last):
            where = self._lines.where(number)
            raise DataError(f"{where}: expected classes from 1 to {last}, got {text!r}")
        character = self._characters[int(text)]
        if len(character) != 1:
            where = f"{self._dictionary}:{int(text) + 1}"
            raise DataError(f"{where}: expected one character, got {character!r}")
        return character

    @cached_property
    def _characters(self) -> list[str]:
        """The lines of the dictionary: characters by class."""
        try:
            content = self._dictionary.read_bytes().removeprefix(MARK)
        except OSError as error:
            raise DataError(f"{self._dictionary}: cannot be read: {error.strerror}") from error
        return _decoded(content, self._dictionary, self._encoding).removesuffix("\n").split("\n")


def _decoded(content: bytes, path: Path, encoding: str | None) -> str:
    r"""A text whose lines end in \n."""
    for name in [encoding] if encoding else ENCODINGS:
        try:
            return content.decode(ENCODINGS[name]).replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
    raise DataError(f"{path}:{line}: is not {(encoding or name).upper()}")
