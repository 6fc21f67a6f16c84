"""Detector, crops, recogniser: the words of a picture in two stages."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from ocrkit import crops
from ocrkit.detect import Detector
from ocrkit.recognize import Aggregate, Recognizer, Score
from ocrkit.spot import _words as words
from ocrkit.spot._base import Spotter
from ocrkit.spot._ends import with_their_ends
from ocrkit.spot._pages import read_pages
from ocrkit.spot._parts import joined
from ocrkit.spot._stacked import unstack
from ocrkit.spot._words import Hypothesis, WordsConfig
from ocrkit.types import Detections, Image, Reading, Word


class TwoStage(Spotter):
    """A detector and a recogniser, joined by perspective crops at full resolution."""

    def __init__(
        self,
        detector: Detector[Any, Any, Any],
        recognizer: Recognizer[Any, Any, Any],
        config: WordsConfig | None = None,
    ) -> None:
        self.detector = detector
        self.recognizer = recognizer
        self.config = config or WordsConfig()

    def spot(self, images: Sequence[Image]) -> list[tuple[Word, ...]]:
        """See `Spotter.spot`; the crops of all images are read together, batched by width."""
        read = self._reader(images)
        config, how = self._rules
        pages = [
            words.of_page([w for found in page for w in found], config, self._language)
            for page in read_pages([self._search(image) for image in images], read, config, how)
        ]
        return with_their_ends(pages, read, config, self._language, how)

    def read(
        self, images: Sequence[Image], found: Sequence[Detections]
    ) -> list[list[tuple[Word, ...]]]:
        """For each image, and each of its detections, the words in it, however unsure.

        Args:
            images: Each (H, W, 3) uint8.
            found: What was detected in each image, in its pixels.
        """
        return words.read_words(found, self._reader(images), *self._rules)

    def counts(self, word: Word) -> bool:
        """Whether a word is sure enough, by its confidence alone."""
        (enough,) = words.counts([word], words.worth([word], self.config, None), self.config)
        return bool(enough)

    def worth(self, word: Word) -> float:
        """Its confidence, in the light of the recogniser's language; see `WordsConfig`."""
        (worth,) = words.worth([word], self.config, self._language if word.text else None)
        return float(worth)

    @property
    def _language(self) -> Score | None:
        return self.recognizer.language

    @property
    def _rules(self) -> tuple[WordsConfig, Aggregate]:
        """By which readings become words."""
        return self.config, self.recognizer.config.confidence

    def _reader(self, images: Sequence[Image]) -> Callable[[Sequence[Hypothesis]], list[Reading]]:
        """What reads hypotheses of these images."""
        return lambda hypotheses: self._readings(images, hypotheses)

    def _search(self, image: Image) -> Detections:
        """What is found in an image at any of the scales, and what parts of words make up.

        Many a word is found at several scales, and what is doubtful is told by what it reads.
        """
        scales = self.config.scales
        found = Detections.together([self.detector.detect(image, s, doubtful=True) for s in scales])
        return Detections.together([found, joined(found)])

    def _readings(self, images: Sequence[Image], hypotheses: Sequence[Hypothesis]) -> list[Reading]:
        """What each hypothesis reads; a stack that shows no letters, as it lies."""
        cut = self._cut(images, hypotheses)
        stacks = [
            unstack(np.ascontiguousarray(np.rot90(crop, -1))) if hypothesis.stacked else None
            for crop, hypothesis in zip(cut, hypotheses, strict=True)
        ]
        rows = [stack.image if stack else c for stack, c in zip(stacks, cut, strict=True)]
        readings = self.recognizer.read(rows)
        return [s.along(r) if s else r for s, r in zip(stacks, readings, strict=True)]

    def _cut(self, images: Sequence[Image], hypotheses: Sequence[Hypothesis]) -> list[Image]:
        """One crop per hypothesis."""
        cut: list[Image] = []
        for image, group in groupby(hypotheses, key=lambda h: h.image):
            quads = np.stack([hypothesis.quad for hypothesis in group])
            cut += crops.cut(images[image], quads, self.config.margin)
        return cut
