"""A set of one's own: pictures and a file `labels.jsonl`, one JSON object a line, UTF-8.

    {"image": "images/a.jpg", "words": [{"outline": [[x, y], ...], "text": "EXIT"}]}

Keys of a line:

    image       path of the picture, from the folder of the file on
    words       list of words, which may be empty
    name        what lists and predictions call it; its path if left out
    split       e.g. "train"; chosen by the setting `split`
    lexicons    {"name": ["word", ...]}, for closed-vocabulary tests
    schema      "ocrkit/1", the version of this form; written by `ocrkit data convert`

Keys of a word:

    outline     3 points or more, px, clockwise from where the text starts; without it, the word
                fills the picture and is the only one
    text        what it says; null or left out if that is not known
    ignored     true for "do not care"; false if left out
    language    any name

Any other key is an error.
"""

import json
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from ocrkit import config as configs
from ocrkit.data._base import Dataset, DatasetConfig, Labels, select
from ocrkit.data._lines import Lines
from ocrkit.errors import ConfigError, DataError
from ocrkit.image import read_image
from ocrkit.types import SCHEMA, Floats, Image

FILE = "labels.jsonl"

LARGEST = float(str(np.finfo(np.float32).max))
"""What is as much as a coordinate can be, in the fewest digits."""

Number = Annotated[FiniteFloat, Field(ge=-LARGEST, le=LARGEST)]
Point = Annotated[list[Number], Field(min_length=2, max_length=2)]


class Word(BaseModel):
    """A word of a line; see above."""

    model_config = ConfigDict(extra="forbid", strict=True)

    outline: Annotated[list[Point], Field(min_length=3)] | None = None
    text: str | None = None
    ignored: bool = False
    language: str | None = None

    @property
    def ring(self) -> Floats | None:
        """The outline; (K, 2)."""
        return None if self.outline is None else np.array(self.outline, np.float32)


class Line(BaseModel):
    """A line of the file; see above."""

    model_config = ConfigDict(extra="forbid", strict=True)

    image: str = Field(min_length=1)
    words: list[Word]
    name: str | None = Field(None, min_length=1)
    split: str | None = None
    lexicons: dict[str, list[str]] = {}

    @model_validator(mode="after")
    def _alone(self) -> Self:
        if len(self.words) > 1 and any(word.outline is None for word in self.words):
            raise ValueError("a word without an outline fills the picture, so it must be alone")
        return self


class JsonlConfig(DatasetConfig):
    """Where the file is, and which part of it is wanted."""

    name: Literal["jsonl"] = "jsonl"
    root: Path = Field(description="the file, or the folder in which it is labels.jsonl")
    split: str | None = Field(None, description="keep the lines of this split; all if left out")


class Jsonl(Dataset):
    """Pictures in the order of the file."""

    Config: ClassVar[type[DatasetConfig]] = JsonlConfig

    def __init__(self, config: JsonlConfig) -> None:
        """Read the names.

        Raises:
            DataError: The file cannot be read, a line is not JSON, names no picture or repeats a
                name, no line is of the split, or a list names no sample.
        """
        self._path = config.root / FILE if config.root.is_dir() else config.root
        self._lines = Lines(self._path)
        heads = [_name_and_split(self._head(number)) for number in range(len(self._lines))]
        found = [i for i, (_, split) in enumerate(heads) if config.split in (None, split)]
        if heads and not found:
            known = ", ".join(sorted({split for _, split in heads if split})) or "none"
            raise DataError(f"{self._path}: no line is of split {config.split!r}; has: {known}")
        names = [heads[number][0] for number in found]
        self._check_distinct(names, found)
        chosen = select(names, config, self._path)
        self._names = [names[i] for i in chosen]
        self._numbers = [found[i] for i in chosen]

    def __len__(self) -> int:
        return len(self._names)

    def name(self, index: int) -> str:
        """The name of a picture, or its path as the file writes it."""
        return self._names[index]

    def place(self, index: int) -> str:
        """The path of a picture."""
        return str(self._path.parent / self._head(self._numbers[index])["image"])

    def labels(self, index: int) -> Labels:
        """The words of a picture."""
        number = self._numbers[index]
        try:
            line = configs.validate(Line, self._head(number), self._lines.where(number))
        except ConfigError as error:
            raise DataError(str(error)) from error
        words = line.words
        return Labels(
            tuple(word.ring for word in words),
            tuple(word.text for word in words),
            np.array([word.ignored for word in words], bool),
            tuple(word.language for word in words),
            line.lexicons,
        )

    def image(self, index: int) -> Image:
        """A picture."""
        return read_image(self.place(index))

    def _head(self, number: int) -> dict[str, Any]:
        """A line as JSON, without its version, of which it is known that it names a picture."""
        line = self._lines[number]
        try:
            found: Any = json.loads(line)
        except json.JSONDecodeError as error:
            where = f"{self._lines.where(number)}: is not JSON"
            raise DataError(f"{where}: {error.msg} at column {error.colno}") from error
        except RecursionError as error:
            raise DataError(f"{self._lines.where(number)}: is nested too deeply") from error
        if not _names_a_picture(found):
            where = self._lines.where(number)
            raise DataError(f'{where}: expected {{"image": "a path", "words": [...], ...}}')
        version = found.pop("schema", SCHEMA)
        if version != SCHEMA:
            where = self._lines.where(number)
            raise DataError(f"{where}: is of version {version!r}; this ocrkit reads {SCHEMA!r}")
        return dict(found)

    def _check_distinct(self, names: list[str], numbers: list[int]) -> None:
        """Raise `DataError` if two lines have one name."""
        seen: dict[str, int] = {}
        for name, number in zip(names, numbers, strict=True):
            if name in seen:
                where = self._lines.where(number)
                first = self._lines.where(seen[name]).rpartition(":")[2]
                raise DataError(f"{where}: {name!r} is also the name of line {first}")
            seen[name] = number


def _name_and_split(line: dict[str, Any]) -> tuple[str, str | None]:
    return line.get("name") or line["image"], line.get("split")


def _names_a_picture(line: Any) -> bool:
    """Whether a line is an object with a path, and with strings for a name and a split if any."""
    if not isinstance(line, dict) or not line.get("image"):
        return False
    values = [line.get(key) for key in ("image", "name", "split")]
    return all(value is None or isinstance(value, str) for value in values)
