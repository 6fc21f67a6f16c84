"""What every dataset is: a list of samples, each read from its file when it is asked for."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from pydantic import Field

from ocrkit import geometry
from ocrkit.config import Config
from ocrkit.errors import DataError, ImageError
from ocrkit.files import read_lines
from ocrkit.image import SUFFIXES
from ocrkit.types import Bools, Floats, Image, Sample, check


class DatasetConfig(Config):
    """What all datasets have in common."""

    name: str
    only: Path | None = Field(
        None, description="file with the names of samples to keep, one a line"
    )
    without: Path | None = Field(None, description="file with the names of samples to leave out")


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """All that is said of one picture; the picture is not read for it.

    Attributes:
        outlines: N rings (K, 2) float32, K >= 3, in pixels of the picture as displayed, as
            published: most run clockwise on screen from where the text starts. None for a word that
            fills the whole picture.
        texts: N strings; None where there is no transcription.
        ignored: (N,) bool; True where the label says "do not care".
        languages: N names as the set writes them, None where it does not say; or none at all.
        lexicons: Words that a closed-vocabulary test chooses from, by the lexicon's name.
    """

    outlines: tuple[Floats | None, ...]
    texts: tuple[str | None, ...]
    ignored: Bools
    languages: tuple[str | None, ...] = ()
    lexicons: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check("ignored", self.ignored, (len(self.texts),))
        check("outlines", np.empty(len(self.outlines)), (len(self.texts),))
        check("languages", np.empty(len(self.languages or self.texts)), (len(self.texts),))

    def __len__(self) -> int:
        return len(self.texts)

    @classmethod
    def of_crop(
        cls,
        text: str | None,
        *,
        language: str | None = None,
        lexicons: Mapping[str, Sequence[str]] | None = None,
    ) -> Self:
        """The label of a picture of one word."""
        return cls((None,), (text,), np.zeros(1, bool), (language,), lexicons or {})

    def quads(self, size: tuple[int, int]) -> Floats:
        """The quads of the words; (N, 4, 2) float32.

        An outline of four points is one; round others the smallest rectangle is laid.

        Args:
            size: (height, width) of the picture, px.
        """
        quads = [
            geometry.full_quad(size) if outline is None else geometry.quad_around(outline)
            for outline in self.outlines
        ]
        return np.array(quads, np.float32).reshape(-1, 4, 2)


class Dataset(ABC):
    """Labelled pictures in a fixed order, as a benchmark distributes them.

    Making one looks only for what there is. Labels and pictures are read one by one, when they are
    asked for, so the errors below are of one sample. Several threads may ask at once.
    """

    Config: ClassVar[type[DatasetConfig]]
    source: ClassVar[str] = "root"
    """The setting that says where the set lies."""

    @abstractmethod
    def __len__(self) -> int:
        """How many samples there are."""

    @abstractmethod
    def name(self, index: int) -> str:
        """A sample's name, of its own within the set: what lists and predictions call it."""

    @abstractmethod
    def place(self, index: int) -> str:
        """Where a sample's picture lies, for people: its path, or the file and the key in it."""

    @abstractmethod
    def labels(self, index: int) -> Labels:
        """What is said of a sample, whose picture is not read.

        Raises:
            DataError: The label is missing or malformed; the message names file and line.
            IndexError: There are not as many samples.
        """

    @abstractmethod
    def image(self, index: int) -> Image:
        """The picture of a sample.

        Raises:
            ImageError: It is missing or cannot be read.
            IndexError: There are not as many samples.
        """

    def __getitem__(self, index: int) -> Sample:
        """The picture and its words, for training. Errors are those of `labels` and `image`."""
        labels = self.labels(index)
        image = self.image(index)
        return Sample(image, labels.quads(image.shape[:2]), labels.texts, labels.ignored)

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))


class Pictures:
    """The pictures in one folder, by their names less suffix; the folder is looked through once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, stem: str) -> Path:
        """The picture of this name.

        Raises:
            ImageError: There is none, or there are several.
        """
        found = self._by_stem.get(stem, [])
        if len(found) == 1:
            return found[0]
        if found:
            raise ImageError(f"{found[1]}: has the name of {found[0]}; rename one of them")
        raise ImageError(f"{self.folder}: no picture {stem!r} in this folder")

    @cached_property
    def _by_stem(self) -> dict[str, list[Path]]:
        try:
            paths = sorted(self.folder.iterdir())
        except OSError as error:
            raise ImageError(f"{self.folder}: cannot be read: {error.strerror}") from error
        found: dict[str, list[Path]] = {}
        for path in paths:
            if path.suffix.lower() in SUFFIXES and path.name[0] != ".":
                found.setdefault(path.stem, []).append(path)
        return found


def select(names: Sequence[str], config: DatasetConfig, source: Path) -> Sequence[int]:
    """Places of the names that `only` and `without` leave, in their order.

    Args:
        names: Are gone through once, and not kept.
        config: Of the set.
        source: What has the names, for messages.

    Raises:
        DataError: A list names a sample that does not exist, as a misspelt one would end up in the
            wrong split; or no sample is left.
    """
    if config.only is None and config.without is None:
        if not names:
            raise DataError(f"{source}: no samples")
        return range(len(names))
    only, without = _listed(config.only), _listed(config.without)
    missing = without | only
    kept = []
    for index, name in enumerate(names):
        missing.pop(name, None)
        if name not in without and (config.only is None or name in only):
            kept.append(index)
    for name, where in missing.items():
        raise DataError(f"{where}: {source} has no sample {name!r}")
    if not kept:
        raise DataError(f"{source}: no samples are left; see the lists `only` and `without`")
    return kept


def _listed(path: Path | None) -> dict[str, str]:
    """The names in a list, if there is one, and where they stand."""
    rows = read_lines(path) if path else ()
    return {line.strip(): f"{path}:{number}" for number, line in rows}
