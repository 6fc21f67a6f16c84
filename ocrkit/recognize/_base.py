"""What every recogniser is: five verbs. A new one writes four and inherits `read`."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar, final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator
from torch import Tensor, nn

from ocrkit.config import Config
from ocrkit.errors import ConfigError
from ocrkit.layers.inference import as_memory_allows
from ocrkit.layers.int8 import Range
from ocrkit.recognize._confidence import Aggregate, aggregate
from ocrkit.recognize._lexicon import Lexicon, Score, read_lexicon
from ocrkit.text import LATIN95, Charset, load_charset
from ocrkit.types import Character, Floats, Glimpses, Image, Reading

WIDTH_STEP = 32
"""Widths of network inputs are multiples of this, so that crops of like width share a batch."""


class RecognizerConfig(Config):
    """What all recognisers have in common."""

    name: str
    charset: str = Field(
        LATIN95,
        min_length=1,
        description="the characters it can say, in order; or a .txt file that holds them in a line",
    )
    height: int = Field(32, gt=0, multiple_of=16, description="of the network's input, pixels")
    max_width: int = Field(
        640,
        gt=0,
        multiple_of=WIDTH_STEP,
        description="of the network's input, pixels; wider crops are squeezed",
    )
    batch: int = Field(32, gt=0, description="crops read at once; more costs memory")
    temperature: float = Field(
        1.0,
        gt=0,
        description="divides the network's logits: fitted on validation data, so that of the "
        "words it is 0.9 sure of, nine in ten are right",
    )
    confidence: Aggregate = Field(
        "geometric",
        description="a text's, of its characters': `geometric` or arithmetic `mean`, `product`, "
        "`min`",
    )
    whitelist: str | None = Field(
        None, min_length=1, description="the only characters it may say; null for all it can"
    )
    beam: int = Field(
        1,
        gt=0,
        description="texts that the search keeps, for the language to choose among; 1 is greedy",
    )
    language: str | Path | None = Field(
        None,
        description="a language model, by name or file: of the texts that a picture may show, it "
        "says which are likelier; null for none",
    )
    language_weight: float = Field(
        0.25, ge=0, description="of the log-probability of a text in it, next to the picture's"
    )
    int8: bool = Field(
        True,
        description="on processors that are fast at it, convolutions work in 8-bit integers, if the"
        " weights file has their ranges",
    )
    lexicon: Path | None = Field(
        None,
        exclude=True,  # a file of whoever reads, which is no part of the weights
        description="words, one a line in UTF-8, that readings give way to where the picture allows"
        " it; null for none",
    )
    lexicon_closed: bool = Field(
        False, exclude=True, description="nothing else is read: the nearest word, however far"
    )

    @field_validator("charset", mode="before")
    @classmethod
    def _read_from_a_file(cls, charset: Any) -> Any:
        # No charset ends so: it would have the t twice.
        if isinstance(charset, str) and charset.endswith(".txt"):
            return load_charset(Path(charset)).characters
        return charset

    @field_validator("charset")
    @classmethod
    def _holds_each_character_once(cls, charset: str) -> str:
        Charset(charset)
        return charset

    @model_validator(mode="after")
    def _has_texts_to_choose_among(self) -> Self:
        if self.language is not None and self.beam == 1:
            raise ValueError("language: chooses among the texts of a beam; set beam to 10, too")
        return self

    @model_validator(mode="after")
    def _can_say_the_whitelist(self) -> Self:
        missing = Charset(self.charset).missing(self.whitelist or "")
        if missing:
            raise ValueError(f"whitelist: the charset has no {missing!r}")
        return self


C = TypeVar("C", bound=RecognizerConfig)
Maps = TypeVar("Maps", bound=tuple[Tensor, ...])
Targets = TypeVar("Targets", bound=tuple[Any, ...])


class Recognizer(nn.Module, ABC, Generic[C, Maps, Targets]):
    """Reads upright crops of one word or line.

    Data flows one way: text -encode-> targets; images -forward-> maps; maps and targets -loss->
    scalars; maps -decode-> readings. No method calls another, so each is tested alone.
    """

    Config: ClassVar[type[RecognizerConfig]]
    of_characters: tuple[str, ...] = ()
    """Names of its tensors (1 + characters, ...) whose rows belong to characters, none first."""

    def __init__(self, config: C) -> None:
        super().__init__()
        self.config = config
        self.charset = Charset(config.charset)
        self.ranges: Mapping[str, Range] = {}
        """Of what goes into convolutions, by name; `checkpoint.load` brings them along."""
        self.language: Score | None = None
        """log p(text) of texts, before the picture is seen; `checkpoint.load` brings it along."""
        self.lexicon: Lexicon | None = None
        if config.lexicon is not None:
            self.lexicon = read_lexicon(
                config.lexicon,
                self.charset,
                closed=config.lexicon_closed,
                temperature=config.temperature,
            )
        said = config.whitelist or config.charset
        allowed = torch.tensor([True, *(character in said for character in config.charset)])
        self.register_buffer("_allowed", allowed, persistent=False)

    @staticmethod
    @abstractmethod
    def encode(config: Any, text: str) -> Targets:
        """Targets of one crop, as NumPy arrays. Runs in a loader worker, without the network.

        Raises:
            ValueError: `text` has a character that the charset lacks.
        """

    @abstractmethod
    def forward(self, images: Tensor) -> Maps:
        """Maps of a batch (B, 1, height, W) from `prepare`; tensors only, so it exports."""

    @abstractmethod
    def loss(self, maps: Maps, targets: Targets) -> dict[str, Tensor]:
        """Named scalar terms, already weighted; training minimises their sum."""

    @abstractmethod
    def decode(self, maps: Maps) -> list[Reading]:
        """One `Reading` per image; spans are fractions of the network input's width."""

    def glimpses(self, crop: Image) -> Glimpses:
        """What one crop says, and where the network looked for it.

        Raises:
            ConfigError: It has no attention to show.
        """
        raise ConfigError(f"{self.config.name}: has no attention to show; rare and satrn have")

    @final
    def probabilities(self, logits: Tensor) -> Tensor:
        """What classes are how likely, in fp32; of characters off the whitelist, 0.

        Args:
            logits: (..., 1 + characters). Class 0 is no character: a blank, or the end of the text.
        """
        allowed = self.get_buffer("_allowed")
        scaled = logits.detach().float() / self.config.temperature
        return scaled.masked_fill(~allowed, -math.inf).softmax(dim=-1)

    @final
    def likeliest(
        self, texts: Sequence[Sequence[str]], logs: Sequence[NDArray[np.float64]]
    ) -> list[int]:
        """Which text of each picture is likeliest, by picture and language, if it has one.

        Whether there is any text, the picture alone decides.

        Args:
            texts: What each picture may say, one text at least.
            logs: log p(text | picture) of each of them.
        """
        best = [int(np.argmax(own)) for own in logs]
        if self.language is None or not texts:
            return best
        known = self.language([text for own in texts for text in own])
        ends = np.cumsum([len(own) for own in texts])[:-1]
        for i, told in enumerate(np.split(self.config.language_weight * known, ends)):
            if texts[i][best[i]]:
                empty = np.array([not text for text in texts[i]])
                best[i] = int(np.argmax(np.where(empty, -np.inf, logs[i] + told)))
        return best

    @final
    @torch.inference_mode()
    def read(self, crops: Sequence[Image]) -> list[Reading]:
        """What each crop says, in the order given.

        A crop's reading does not depend on the crops it is batched with: only inputs of equal
        padded width share a batch. How sure a reading is, is told by `config.confidence`.

        Raises:
            ConfigError: The device's memory is too small for a single crop.
        """
        inputs = [prepare(crop, self.config.height, self.config.max_width) for crop in crops]
        readings = [Reading.empty()] * len(inputs)
        for indices in _batches([padded_width(i.shape[-1]) for i in inputs], self.config.batch):
            stack = pad([inputs[i] for i in indices])
            found = as_memory_allows(self._look, torch.from_numpy(stack))
            for i, reading in zip(indices, found, strict=True):
                whole = unpad(reading, stack.shape[-1] / inputs[i].shape[-1])
                sure = [character.confidence for character in whole.characters]
                readings[i] = replace(whole, confidence=aggregate(sure, self.config.confidence))
        return readings

    def _look(self, images: Tensor) -> list[Reading]:
        """What the network reads in a batch (B, 1, height, W) from `prepare`."""
        return self.decode(self(images.to(next(self.parameters()).device)))


def prepare(crop: Image, height: int, max_width: int) -> Floats:
    """A crop as a network sees it: (1, height, W) float32, grey, of zero mean and unit deviation.

    The aspect ratio is kept from 3 upwards, until `max_width`; narrower crops are widened towards
    1.5: the upright box of a slanted word is nearly square, and its many characters need a time
    step each. Normalising each crop by itself makes faint text as strong as bold text.
    """
    rows, columns = crop.shape[:2]
    aspect = columns / max(rows, 1)
    width = min(round(height * max(aspect, aspect / 2 + 1.5)), max_width)
    shrinks = height < rows
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    resized = cv2.resize(
        grey, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
    pixels = resized.astype(np.float32)
    # The floor keeps the noise of an empty crop from being blown up into strokes.
    return np.asarray((pixels - pixels.mean()) / max(float(pixels.std()), 4.0), np.float32)[None]


def padded_width(width: int) -> int:
    """The next multiple of WIDTH_STEP."""
    return math.ceil(width / WIDTH_STEP) * WIDTH_STEP


def pad(inputs: Sequence[Floats]) -> Floats:
    """Stack inputs (1, H, W_i) into (B, 1, H, W), zeros (each crop's mean) on the right."""
    width = padded_width(max(i.shape[-1] for i in inputs))
    stack = np.zeros((len(inputs), *inputs[0].shape[:2], width), np.float32)
    for row, array in zip(stack, inputs, strict=True):
        row[..., : array.shape[-1]] = array
    return stack


def _batches(widths: Sequence[int], size: int) -> Iterator[list[int]]:
    """Indices grouped by equal width, at most `size` at a time."""
    groups: dict[int, list[int]] = {}
    for index, width in enumerate(widths):
        groups.setdefault(width, []).append(index)
    for group in groups.values():
        for start in range(0, len(group), size):
            yield group[start : start + size]


def unpad(reading: Reading, factor: float) -> Reading:
    """Spans as fractions of the crop instead of the padded input."""

    def stretch(character: Character) -> Character:
        start, end = (min(edge * factor, 1.0) for edge in character.span)
        return replace(character, span=(start, end))

    return replace(reading, characters=tuple(stretch(c) for c in reading.characters))
