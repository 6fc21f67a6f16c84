r"""SynthText: photographs with words rendered into them, as quads of words and of characters.

858 750 pictures in 200 folders with 7 266 866 words. All labels are in `gt.mat`, a MATLAB file of
four 1 x 858750 cell arrays:

    imnames     the picture's path, `8/ballet_106_0.jpg`
    wordBB      2 x 4 x words (2 x 4 where there is one word): x and y of the corners, clockwise
                from the top left of the text
    charBB      2 x 4 x characters, likewise
    txt         a matrix of characters, whose rows are filled up with spaces: one for each place
                that was written on. A row may have several lines, a line several words:
                `the\nout             `

A word is what stands between white space, and so is a row's end; characters are those that are
not white space. Nothing is ignored. Coordinates count pixels from 0 and are kept as published;
some words reach beyond the picture. A picture whose texts are not as many as its quads is an error.

The file is too large to be held in memory: when the set is first opened, it is gone through once,
and what it says is kept in a form from which one picture's labels are read at once.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ocrkit.data._base import Dataset, DatasetConfig, Labels, select
from ocrkit.data._matfile import MatFile, Progress
from ocrkit.data._ragged import open_ragged
from ocrkit.errors import DataError
from ocrkit.image import read_image
from ocrkit.types import Image

QUADS = {"word": "wordBB", "character": "charBB"}
"""The variable with the quads of a level."""


class SynthTextConfig(DatasetConfig):
    """Where the set was unpacked; names in lists are pictures' paths, such as 8/ballet_106_0."""

    name: Literal["synthtext"] = "synthtext"
    root: Path = Field(description="folder with gt.mat and the folders of pictures")
    level: Literal["word", "character"] = Field("word", description="what has a quad")
    index: Path | None = Field(
        None, description="folder for the index of gt.mat, if not beside it or in the user's cache"
    )


class SynthText(Dataset):
    """Scenes in the order of gt.mat."""

    Config: ClassVar[type[DatasetConfig]] = SynthTextConfig

    def __init__(self, config: SynthTextConfig, progress: Progress | None = None) -> None:
        """Open the index, which is made if there is none.

        Args:
            config: Of the set.
            progress: Is told of the making of the index, of one variable after the other.

        Raises:
            DataError: gt.mat is missing, damaged or of another form, or a list names no sample.
            OutputError: The index cannot be written.
        """
        self._root, self._level = config.root, config.level
        self._source = source = config.root / "gt.mat"

        def opened(variable: str, dtype: str, read: Callable[..., Iterator[NDArray[Any]]]) -> Any:
            arrays = partial(read, source, variable, progress)
            return open_ragged(source, variable, dtype, arrays, config.index)

        self._paths = opened("imnames", "u1", _texts)
        self._texts = opened("txt", "u1", _texts)
        self._quads = opened(QUADS[config.level], "<f4", _quads)
        count = len(self._paths)
        if not count == len(self._texts) == len(self._quads):
            counts = f"{count}, {len(self._texts)} and {len(self._quads)}"
            variables = f"imnames, txt and {QUADS[config.level]}"
            raise DataError(f"{source}: {variables} should have as many cells, got {counts}")
        self._chosen: range | NDArray[np.int64] = range(count)
        if config.only or config.without or not count:
            names = [self.name(index) for index in range(count)]
            self._chosen = np.array(select(names, config, source))

    def __len__(self) -> int:
        return len(self._chosen)

    def name(self, index: int) -> str:
        """The path of a picture within the set, less suffix."""
        return self._path(index).removesuffix(".jpg")

    def place(self, index: int) -> str:
        """The path of a picture."""
        return str(self._root / self._path(index))

    def labels(self, index: int) -> Labels:
        """The words of a picture, or its characters."""
        quads = self._quads[int(self._chosen[index])].reshape(-1, 4, 2)
        words = bytes(self._texts[int(self._chosen[index])]).decode().split()
        texts = tuple(words if self._level == "word" else "".join(words))
        where = f"{self._source}: {self._path(index)}"
        if len(texts) != len(quads):
            raise DataError(f"{where}: {len(quads)} quads for {len(texts)} {self._level}s")
        if not np.isfinite(quads).all():
            raise DataError(f"{where}: a coordinate is not finite")
        return Labels(tuple(quads), texts, np.zeros(len(texts), bool))

    def image(self, index: int) -> Image:
        """A picture."""
        return read_image(self._root / self._path(index))

    def _path(self, index: int) -> str:
        """The path of a picture within the set."""
        return bytes(self._paths[int(self._chosen[index])]).decode().strip()


def _texts(source: Path, variable: str, progress: Progress | None) -> Iterator[NDArray[Any]]:
    """The UTF-8 bytes in each cell."""
    for number, (_, text) in enumerate(MatFile(source).cells(variable, progress), start=1):
        if not isinstance(text, str):
            # MATLAB cannot tell an empty text from an empty matrix.
            if text.size:
                raise DataError(f"{source}: {variable}{{{number}}}: expected text, got numbers")
            text = ""
        yield np.frombuffer(text.encode(), np.uint8)


def _quads(source: Path, variable: str, progress: Progress | None) -> Iterator[NDArray[Any]]:
    """The coordinates in each cell, which are those of one corner after the other."""
    for number, (shape, values) in enumerate(MatFile(source).cells(variable, progress), start=1):
        if isinstance(values, str) or (values.size and (shape[:2] != (2, 4) or len(shape) > 3)):
            got = "text" if isinstance(values, str) else " x ".join(map(str, shape))
            raise DataError(f"{source}: {variable}{{{number}}}: expected 2 x 4 x N, got {got}")
        yield values
