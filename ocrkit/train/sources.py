"""Where examples come from: datasets of photographs, and generators that never end.

Each is a block of settings in the experiment. Paths are relative to the experiment's `data_root`.
"""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator

from ocrkit import catalog, config, data
from ocrkit.config import Config
from ocrkit.data import Dataset
from ocrkit.data.collage import collage
from ocrkit.data.loader import Source
from ocrkit.errors import ConfigError, UnknownModelError
from ocrkit.synth.backgrounds import Backgrounds
from ocrkit.synth.corpus import Corpus
from ocrkit.synth.fonts import find_fonts
from ocrkit.synth.scenes import SceneGenerator
from ocrkit.synth.style import SceneStyle
from ocrkit.synth.words import WordGenerator, WordStyle
from ocrkit.text import LATIN94, Charset, named_charset
from ocrkit.types import Image, Sample

ERASED = 80
"""Photographs of a source that serve as backgrounds; each takes 1.5 MB and 0.06 s at the start."""


class SyntheticConfig(Config):
    """What words and scenes have in common."""

    name: str
    backgrounds: Path | None = Field(None, description="folder of photographs; null for colours")
    fonts: Path | None = Field(None, description="folder of fonts; null for the installed ones")
    favourites: tuple[str, ...] = Field(
        (), description="sources of this experiment whose words are drawn more often"
    )
    favour: float = Field(0.3, ge=0, le=1, description="share of favourites among the words")
    languages: dict[str, float] | None = Field(
        None, description="how often each is spoken, such as {french: 2, simplified: 1}"
    )
    charset: str | None = Field(
        None,
        description="the characters that are drawn, or a .txt file that holds them in a line, as "
        "of a recogniser; null for printable ASCII",
    )
    style: dict[str, float] = Field(
        {}, description="how often effects occur, by name, where not as often as by default"
    )

    @field_validator("charset")
    @classmethod
    def _read_from_a_file(cls, charset: str | None) -> str | None:
        return None if charset is None else named_charset(charset).characters


class SynthWordsConfig(SyntheticConfig):
    """Word crops, for recognisers."""

    name: Literal["synth-words"] = "synth-words"

    @field_validator("style")
    @classmethod
    def _known_style(cls, style: dict[str, float]) -> dict[str, float]:
        return _checked(style, WordStyle._fields)


class SynthScenesConfig(SyntheticConfig):
    """Scenes, for detectors, and for recognisers word by word."""

    name: Literal["synth-scenes"] = "synth-scenes"
    pieces: int = Field(6, gt=0, description="cut from a scene before the next is drawn")
    erased: tuple[str, ...] = Field(
        (),
        description="sources of this experiment whose photographs, their labelled text painted "
        "over, are backgrounds too",
    )

    @field_validator("style")
    @classmethod
    def _known_style(cls, style: dict[str, float]) -> dict[str, float]:
        return _checked(style, SceneStyle._fields)


class CollageConfig(Config):
    """Sheets of words from other sources, for networks that find and read."""

    name: Literal["collage"] = "collage"
    of: dict[str, dict[str, Any]] = Field(
        min_length=1, description="named sources of word crops, with their weights"
    )
    side: int = Field(448, ge=64, description="of a sheet, pixels")
    pieces: int = Field(2, gt=0, description="cut from a sheet before the next is made")


def _checked(style: dict[str, float], known: tuple[str, ...]) -> dict[str, float]:
    """The style, if all its effects are known."""
    for effect in style:
        if effect not in known:
            close = difflib.get_close_matches(effect, known, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise ValueError(f"no effect {effect!r}; {hint}choose from: {', '.join(known)}")
    return style


class Photographs:
    """Samples of a dataset, drawn at random."""

    drawn = False

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def draw(self, rng: np.random.Generator) -> tuple[str, Sample]:
        """Any sample of the dataset, named by the place of its picture."""
        index = int(rng.integers(len(self.dataset)))
        return self.dataset.place(index), self.dataset[index]


class Collages:
    """Sheets of word crops, drawn from weighted sources."""

    drawn = True

    def __init__(
        self, name: str, sources: Sequence[Source], weights: Sequence[float], found: CollageConfig
    ) -> None:
        self.name, self.sources, self.side, self.uses = name, sources, found.side, found.pieces
        self.shares = np.array(weights) / np.sum(weights)
        self._sheet: Sample | None = None
        self._left = 0

    def draw(self, rng: np.random.Generator) -> tuple[str, Sample]:
        """The next sheet, or the last one again."""
        if self._sheet is None or self._left == 0:
            self._sheet = collage(lambda: self._word(rng), self.side, rng)
            self._left = self.uses
        self._left -= 1
        return self.name, self._sheet

    def _word(self, rng: np.random.Generator) -> Sample:
        source = self.sources[int(rng.choice(len(self.sources), p=self.shares))]
        return source.draw(rng)[1]


class Synthetic:
    """Samples of a generator.

    Args:
        name: For reports.
        generator: Draws them.
        uses: How often a sample is given before the next is drawn: scenes are costly.
    """

    drawn = True

    def __init__(self, name: str, generator: WordGenerator | SceneGenerator, uses: int = 1) -> None:
        self.name, self.generator, self.uses = name, generator, uses
        self._sample: Sample | None = None
        self._left = 0

    def draw(self, rng: np.random.Generator) -> tuple[str, Sample]:
        """The next sample, or the last one again."""
        if self._sample is None or self._left == 0:
            self._sample = self.generator.sample(rng)
            self._left = self.uses
        self._left -= 1
        return self.name, self._sample


SYNTHETIC: dict[str, type[SyntheticConfig]] = {
    "synth-scenes": SynthScenesConfig,
    "synth-words": SynthWordsConfig,
}

GENERATORS: dict[str, type[Config]] = {**SYNTHETIC, "collage": CollageConfig}


def settings(block: Mapping[str, Any], where: str) -> Config:
    """The checked settings of a block; nothing is read from disk.

    Raises:
        UnknownModelError: There is no dataset or generator of this name.
        ConfigError: A key or value is wrong.
    """
    name = str(block.get("name"))
    if name in GENERATORS:
        return config.validate(GENERATORS[name], block, where)
    if name not in data.names():
        choices = sorted([*data.names(), *GENERATORS])
        raise UnknownModelError(catalog.unknown(where, name, choices))
    found: Config = config.validate(data.find(name, where).Config, block, where)
    return found


def dataset(block: Mapping[str, Any], root: Path, where: str) -> Dataset:
    """The photographs that a block names.

    Raises:
        ConfigError: The block names a generator, or a key or value is wrong.
        DataError: A label file or list is missing or malformed.
        ImageError: There are no pictures.
    """
    found = settings(block, where)
    if isinstance(found, SyntheticConfig | CollageConfig):
        raise ConfigError(
            f"{where}: {found.name} has no end; name a dataset: {', '.join(data.names())}"
        )
    found_class: Any = data.find(str(block.get("name")), where)
    built: Dataset = found_class(_rooted(found, root))
    return built


def build(
    blocks: Mapping[str, Mapping[str, Any]], root: Path, where: str = "data"
) -> dict[str, Source]:
    """All named sources; generators may favour the words of the datasets among them.

    Raises:
        ConfigError: A key or value is wrong, or a favourite is not a dataset with words.
        DataError: A dataset is malformed, or there are no backgrounds or fonts.
        ImageError: A dataset has no pictures.
    """
    datasets = {
        label: dataset(block, root, f"{where}.{label}")
        for label, block in blocks.items()
        if block.get("name") not in GENERATORS
    }
    built: dict[str, Source] = {label: Photographs(found) for label, found in datasets.items()}
    for label in blocks.keys() - datasets.keys():
        place = f"{where}.{label}"
        found = _rooted(settings(blocks[label], place), root)
        if isinstance(found, CollageConfig):
            built[label] = _collages(label, found, root, place)
            continue
        assert isinstance(found, SyntheticConfig)
        corpus = _corpus(found, _favourites(found, datasets, place))
        built[label] = _synthetic(label, found, corpus, _backgrounds(found, datasets, place))
    return {label: built[label] for label in blocks}


def texts(dataset: Dataset) -> list[str]:
    """What the words of a dataset say, as far as it tells; pictures are not read."""
    labels = (dataset.labels(i) for i in range(len(dataset)))
    return [
        text
        for of_one in labels
        for text, ignored in zip(of_one.texts, of_one.ignored, strict=True)
        if text and not ignored
    ]


def _collages(label: str, found: CollageConfig, root: Path, where: str) -> Collages:
    weights = {name: of.get("weight", 1) for name, of in found.of.items()}
    for name, weight in weights.items():
        if not isinstance(weight, int | float) or weight < 0:
            raise ConfigError(
                f"{where}.of.{name}.weight: expected a number of at least 0, got {weight!r}"
            )
    if not any(weights.values()):
        raise ConfigError(f"{where}.of: no source has a weight above 0")
    blocks = {
        name: {key: value for key, value in of.items() if key != "weight"}
        for name, of in found.of.items()
        if weights[name]
    }
    words = build(blocks, root, f"{where}.of")
    return Collages(label, list(words.values()), [weights[name] for name in words], found)


def _synthetic(
    label: str, found: SyntheticConfig, corpus: Corpus, backgrounds: Backgrounds
) -> Synthetic:
    folders = [found.fonts] if found.fonts else None
    characters = corpus.charset.characters if found.charset else LATIN94
    fonts = find_fonts(folders, characters) if folders or found.charset else None
    if isinstance(found, SynthScenesConfig):
        scenes = SceneGenerator(corpus, fonts, backgrounds, style=SceneStyle(**found.style))
        return Synthetic(label, scenes, found.pieces)
    words = WordGenerator(corpus, fonts, backgrounds, WordStyle(**found.style))
    return Synthetic(label, words)


def _corpus(found: SyntheticConfig, favourites: list[str]) -> Corpus:
    charset = Charset(found.charset) if found.charset else None
    return Corpus(
        favourites=favourites, favour=found.favour, languages=found.languages, charset=charset
    )


def _backgrounds(
    found: SyntheticConfig, datasets: Mapping[str, Dataset], where: str
) -> Backgrounds:
    """The folder's photographs, and those of other sources with their text painted over."""
    photographs: list[Image] = []
    if found.backgrounds:
        photographs += Backgrounds.from_folder(found.backgrounds).photographs
    for label in found.erased if isinstance(found, SynthScenesConfig) else ():
        if label not in datasets:
            raise ConfigError(f"{where}.erased: {label!r} is not a dataset under data")
        step = max(1, len(datasets[label]) // ERASED)
        indices = range(0, len(datasets[label]), step)[:ERASED]
        samples = (datasets[label][index] for index in indices)
        photographs += Backgrounds.from_samples(samples).photographs
    return Backgrounds(photographs)


def _favourites(found: SyntheticConfig, datasets: Mapping[str, Dataset], where: str) -> list[str]:
    """Words of more than one character, without the punctuation round them."""
    words: list[str] = []
    for label in found.favourites:
        given = texts(datasets[label]) if label in datasets else []
        if not given:
            raise ConfigError(
                f"{where}.favourites: {label!r} is not a dataset under data with words"
            )
        words += [text.strip('.,:;!?()"') for text in given if len(text) > 1]
    return [word for word in words if word.isprintable()]


def _rooted(found: Config, root: Path) -> Config:
    """The settings with relative paths below `root`."""
    paths = {key: root / value for key, value in found if isinstance(value, Path)}
    return found.model_copy(update=paths)
