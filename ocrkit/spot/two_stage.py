"""Detector, crops, recogniser: the words of a picture in two stages.

A detector that sees shapes only takes all text for upright. Where a quad is much taller than wide,
the text may as well run down or up the picture, so three quads with the same corners are read: the
upright one and its two quarter turns. Nothing is rotated: a quad starts where its text starts, so
another start is another crop.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from pydantic import Field

from ocrkit import crops, geometry
from ocrkit.config import Config
from ocrkit.detect import Detector
from ocrkit.recognize import Recognizer
from ocrkit.spot._base import Spotter
from ocrkit.types import Character, Floats, Image, Reading, Word

QUARTER_TURNS = (-1, 1)
"""How far a quad's corners roll for text that runs down the picture, and up."""


class TwoStageConfig(Config):
    """How crops are cut, and which readings become words.

    None of it is in a paper, but `min_fused`: TextBoxes++, section III-E.
    """

    margin: float = Field(0.1, ge=0, le=1, description="around a quad, as a fraction of its height")
    min_confidence: float = Field(
        0.8, ge=0, le=1, description="readings below it, and empty ones, are dropped from the page"
    )
    min_fused: float = Field(
        0.0,
        ge=0,
        le=1,
        description="words whose score and confidence together are below it are dropped too",
    )
    turn_gain: float = Field(
        0.1, ge=0, le=1, description="how much surer a turned reading must be than the upright one"
    )


class Hypothesis(NamedTuple):
    """One way to read one detection."""

    image: int
    detection: int
    quad: Floats
    score: float


class TwoStage(Spotter):
    """A detector and a recogniser, joined by perspective crops at full resolution."""

    def __init__(
        self,
        detector: Detector[Any, Any, Any],
        recognizer: Recognizer[Any, Any, Any],
        config: TwoStageConfig | None = None,
    ) -> None:
        self.detector = detector
        self.recognizer = recognizer
        self.config = config or TwoStageConfig()

    def spot(self, images: Sequence[Image]) -> list[tuple[Word, ...]]:
        """See `Spotter.spot`; the crops of all images are read together, batched by width."""
        hypotheses = [h for index, image in enumerate(images) for h in self._find(index, image)]
        readings = self.recognizer.read(self._cut(images, hypotheses))
        words: list[list[Word]] = [[] for _ in images]
        pairs = zip(hypotheses, readings, strict=True)
        for (image, _), rivals in groupby(pairs, key=lambda pair: pair[0][:2]):
            chosen, reading = self._choose(list(rivals))
            found = split_at_spaces(self._word(chosen, reading))
            words[image] += [word for word in found if self._counts(word)]
        return [tuple(found) for found in words]

    def _find(self, index: int, image: Image) -> list[Hypothesis]:
        """The detections of one image and, right after each that is tall, its quarter turns."""
        found = self.detector.detect(image)
        hypotheses = []
        for number, (quad, score) in enumerate(zip(found.quads, found.scores, strict=True)):
            turns = QUARTER_TURNS if crops.is_tall(quad) else ()
            quads = [quad, *(np.roll(quad, turn, axis=0) for turn in turns)]
            hypotheses += [Hypothesis(index, number, q, float(score)) for q in quads]
        return hypotheses

    def _cut(self, images: Sequence[Image], hypotheses: Sequence[Hypothesis]) -> list[Image]:
        """One crop per hypothesis."""
        cut: list[Image] = []
        for image, group in groupby(hypotheses, key=lambda h: h.image):
            quads = np.stack([hypothesis.quad for hypothesis in group])
            cut += crops.cut(images[image], quads, self.config.margin)
        return cut

    def _choose(self, rivals: list[tuple[Hypothesis, Reading]]) -> tuple[Hypothesis, Reading]:
        """The upright reading, unless a turned one is a better word.

        A lone upright I or 1 is tall too, and turned it is as good a dash; so a turned reading must
        have at least two letters or digits, and be surer by `turn_gain`.
        """
        upright, *turned = rivals
        words = [rival for rival in turned if sum(c.isalnum() for c in rival[1].text) >= 2]
        best = max(words, key=lambda rival: rival[1].confidence, default=upright)
        gain = best[1].confidence - upright[1].confidence
        return best if gain >= self.config.turn_gain else upright

    def _counts(self, word: Word) -> bool:
        """Whether a word is sure enough for the page."""
        sure = word.confidence >= self.config.min_confidence
        return sure and fused(word.score, word.confidence) >= self.config.min_fused

    def _word(self, hypothesis: Hypothesis, reading: Reading) -> Word:
        """The reading in its place, with characters as fractions of the quad's width."""
        quad = hypothesis.quad
        characters = tuple(
            replace(c, span=crops.span_in_quad(c.span, quad, self.config.margin))
            for c in reading.characters
        )
        return Word(reading.text, reading.confidence, characters, quad, hypothesis.score)


def fused(score: float, confidence: float) -> float:
    """How sure detector and recogniser are together, in [0, 1]; TextBoxes++, section III-E.

    The paper's is the harmonic mean of e^score and e^confidence, in [1, e]. This is its logarithm:
    the same order of words, and what it is if both are equal.
    """
    mean = 2 / (math.exp(-score) + math.exp(-confidence))
    return math.log(mean)


def split_at_spaces(word: Word) -> list[Word]:
    """The words that one detection holds; none if nothing was read.

    A detector joins words that stand close. Where the recogniser reads a space between them, the
    quad is cut in the middle of that space.
    """
    if not any(c.text.isspace() for c in word.characters):
        return [word] if word.text else []
    runs: list[list[Character]] = [[]]
    edges = [0.0]
    for character in word.characters:
        if character.text.isspace():
            runs.append([])
            edges.append(sum(character.span) / 2)
        else:
            runs[-1].append(character)
    pieces = zip(runs, edges, [*edges[1:], 1.0], strict=True)
    return [_piece(word, run, start, end) for run, start, end in pieces if run]


def _piece(word: Word, run: Sequence[Character], start: float, end: float) -> Word:
    """The characters `run` of a word, in the part of its quad between two fractions."""
    width = max(end - start, 1e-6)

    def along(edge: float) -> float:
        return min(max((edge - start) / width, 0.0), 1.0)

    characters = tuple(replace(c, span=(along(c.span[0]), along(c.span[1]))) for c in run)
    confidence = float(np.exp(np.mean(np.log([max(c.confidence, 1e-9) for c in run]))))
    quad = geometry.part(word.quad, start, end)
    return Word("".join(c.text for c in run), confidence, characters, quad, word.score)
