"""Language models are learnt by counting: which texts, and how much each counts."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, field_validator

from ocrkit import config
from ocrkit.config import Config
from ocrkit.data import Dataset
from ocrkit.language import LanguageModel
from ocrkit.language.ngram import NGram
from ocrkit.synth.corpus import Corpus
from ocrkit.synth.languages import LANGUAGES, vocabulary
from ocrkit.text import LATIN95, Charset, named_charset, normalise
from ocrkit.train import sources


class Drawn(Config):
    """Texts as synthetic signs have them: numbers, prices, dates and codes among words."""

    count: int = Field(ge=0)
    weight: float = Field(gt=0, description="how much each text counts")
    seed: int = 0


class Lesson(Config):
    """What a language model learns from. A label of the datasets counts one."""

    name: str = Field(min_length=1)
    order: int = Field(6, ge=2, description="characters of the longest n-grams")
    least: float = Field(0.0, ge=0, description="n-grams of five and more that count less are left")
    languages: dict[str, float] = Field(
        {"english": 1.0}, description="how often each is spoken in the drawn texts"
    )
    word_weight: float = Field(gt=0, description="how much each word of their lists counts")
    drawn: Drawn
    charset: str = Field(
        LATIN95,
        description="the characters that texts are written in; or a .txt file that holds them",
    )
    data: dict[str, dict[str, Any]] = Field({}, description="datasets with texts")
    validation: dict[str, dict[str, Any]] = Field({}, description="the same, to measure on")

    @field_validator("languages")
    @classmethod
    def _known(cls, languages: dict[str, float]) -> dict[str, float]:
        for name in languages:
            if name not in LANGUAGES:
                raise ValueError(f"no language {name!r}; choose from: {', '.join(LANGUAGES)}")
        return languages

    @field_validator("charset")
    @classmethod
    def _read_from_a_file(cls, charset: str) -> str:
        return named_charset(charset).characters


def read(path: Path, overrides: list[str]) -> Lesson:
    """The lesson in a YAML file.

    Raises:
        ConfigError: The file is missing, or a key or value is wrong.
    """
    return config.validate(Lesson, config.read(path, overrides), str(path))


def learn(lesson: Lesson, root: Path) -> NGram:
    """A model of the texts that a lesson names; datasets are below the folder `root`.

    Raises:
        ConfigError: A dataset or language is unknown.
        DataError: A dataset or a language's word list is missing or malformed.
    """
    return NGram.learn(_weighed(lesson, root), lesson.order, lesson.least)


def measure(lesson: Lesson, root: Path, model: LanguageModel[Any]) -> dict[str, float]:
    """Bits a character, the end of a word being one, of each dataset of the validation.

    Raises:
        ConfigError: A dataset is unknown.
        DataError: A dataset is missing or malformed.
    """
    return {
        label: bits(model, sources.texts(found))
        for label, found in _datasets(lesson.validation, root, "validation").items()
    }


def bits(model: LanguageModel[Any], texts: list[str]) -> float:
    """How many bits a character of `texts`, or the end of a word, takes on average."""
    characters = sum(len(word) + 1 for text in texts for word in text.split())
    return -float(model.score(texts).sum()) / math.log(2) / characters


def _weighed(lesson: Lesson, root: Path) -> Iterator[tuple[str, float]]:
    """Texts, and how much each counts."""
    charset = Charset(lesson.charset)
    for language in lesson.languages:
        words = vocabulary(LANGUAGES[language], charset)
        yield from ((word, lesson.word_weight) for word in words)
    corpus = Corpus(languages=lesson.languages, charset=charset)
    rng = np.random.default_rng(lesson.drawn.seed)
    for _ in range(lesson.drawn.count):
        yield corpus.sample(rng), lesson.drawn.weight
    for found in _datasets(lesson.data, root, "data").values():
        yield from ((normalise(text, charset), 1.0) for text in sources.texts(found))


def _datasets(blocks: dict[str, dict[str, Any]], root: Path, where: str) -> dict[str, Dataset]:
    return {
        label: sources.dataset(block, root, f"{where}.{label}") for label, block in blocks.items()
    }
