"""What every dataset is: a list of samples, each read from its file when it is asked for."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from ocrkit.config import Config
from ocrkit.errors import DataError
from ocrkit.types import Sample


class DatasetConfig(Config):
    """What all datasets have in common."""

    name: str
    only: Path | None = Field(
        None, description="file with the names of samples to keep, one a line"
    )
    without: Path | None = Field(None, description="file with the names of samples to leave out")


class Dataset(ABC):
    """Labelled pictures. Labels are read and checked at once, pictures one by one."""

    Config: ClassVar[type[DatasetConfig]]

    @abstractmethod
    def __len__(self) -> int:
        """How many samples there are."""

    @abstractmethod
    def __getitem__(self, index: int) -> Sample:
        """Read one sample.

        Raises:
            ImageError: Its picture is missing or cannot be read.
            IndexError: There are not as many samples.
        """

    @abstractmethod
    def name(self, index: int) -> str:
        """The path of a sample's picture."""


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    r"""The lines of a UTF-8 file that are not blank, with their numbers from 1.

    A byte order mark and both kinds of line end (\n, \r\n) are accepted. Other separators that
    Python would split at may stand in a transcription.

    Raises:
        DataError: The file cannot be read, or a line is not UTF-8.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        try:
            text = line.removesuffix(b"\r").decode()
        except UnicodeDecodeError as error:
            raise DataError(f"{path}:{number}: not UTF-8; convert the file to UTF-8") from error
        if text.strip():
            yield number, text


def select(names: Sequence[str], config: DatasetConfig, source: Path) -> list[int]:
    """Places of the names that `only` and `without` leave, in their order.

    Raises:
        DataError: A list names a sample that does not exist, as a misspelt one would end up in the
            wrong split; or no sample is left.
    """
    known = set(names)
    kept = known if config.only is None else _listed(config.only, known, source)
    if config.without is not None:
        kept = kept - _listed(config.without, known, source)
    if not kept:
        raise DataError(f"{source}: no samples are left; see the lists `only` and `without`")
    return [index for index, name in enumerate(names) if name in kept]


def _listed(path: Path, known: set[str], source: Path) -> set[str]:
    """The names in the file, each of which must be known."""
    found = set()
    for number, line in read_lines(path):
        name = line.strip()
        if name not in known:
            raise DataError(f"{path}:{number}: {source} has no sample {name!r}")
        found.add(name)
    return found
