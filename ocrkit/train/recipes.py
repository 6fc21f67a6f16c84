"""How labelled pictures become a network's examples, one recipe a family of models."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ocrkit import detect, recognize
from ocrkit.data import augment
from ocrkit.data.loader import Example, Skipped
from ocrkit.detect._base import prepare as prepare_scene
from ocrkit.recognize._base import prepare as prepare_crop
from ocrkit.text import Charset, normalise
from ocrkit.types import Floats, Image, Sample

AS_CUT = 0.3
"""Share of the photographed word crops that are learnt as they are; the others are cut anew."""

TALL = 1.5
"""Crops taller than this many widths hold text that runs up or down, and are turned."""


@dataclass(frozen=True)
class ReadWords:
    """Each legible word of a scene or crop, cut as loosely as a detector would.

    Attributes:
        encode: Of the recogniser's class.
        config: Of the recogniser.
    """

    encode: Callable[[Any, str], tuple[Any, ...]]
    config: recognize.RecognizerConfig

    def __call__(
        self, name: str, sample: Sample, drawn: bool, rng: np.random.Generator
    ) -> Iterator[Example | Skipped]:
        """Examples of the words that are not marked as ignored."""
        for quad, text, ignored in zip(sample.quads, sample.texts, sample.ignored, strict=True):
            if ignored:
                continue
            if not text:
                yield Skipped(name, "a word without a transcription")
                continue
            crop = sample.image if drawn else _recut(sample.image, quad, rng)
            yield self._example(name, crop, text)

    def _example(self, name: str, crop: Image, text: str) -> Example | Skipped:
        height, width = crop.shape[:2]
        if min(height, width) < 2:
            return Skipped(name, "a crop of less than 2 pixels")
        if height > TALL * width and len(text) > 2:
            crop = np.ascontiguousarray(np.rot90(crop))
        try:
            targets = self.encode(self.config, normalise(text, Charset(self.config.charset)))
        except ValueError as error:
            return Skipped(name, str(error))
        return Example(name, prepare_crop(crop, self.config.height, self.config.max_width), targets)


@dataclass(frozen=True)
class FindWords:
    """A square piece of a scene, in other light.

    Attributes:
        encode: Of the detector's class.
        config: Of the detector.
        side: Of the piece, pixels.
    """

    encode: Callable[[Any, Sample], tuple[Any, ...]]
    config: detect.DetectorConfig
    side: int

    def __call__(
        self, name: str, sample: Sample, drawn: bool, rng: np.random.Generator
    ) -> Iterator[Example | Skipped]:
        """One example; synthetic scenes are treated like photographs."""
        piece = augment.crop_scene(sample, self.side, rng, self.config.long_side)
        piece = replace(piece, image=augment.colour(piece.image, rng))
        yield Example(name, prepare_scene(piece.image), self.encode(self.config, piece))


def full_quad(image: Image) -> Floats:
    """The corners of the picture, as a quad (4, 2)."""
    height, width = image.shape[:2]
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)


def _recut(image: Image, quad: Floats, rng: np.random.Generator) -> Image:
    """A photographed word with a detector's errors, in other light."""
    whole = np.array_equal(quad, full_quad(image))
    if not (whole and rng.random() < AS_CUT):
        image = augment.jitter_crop(image, quad, rng)
    return augment.photometric(image, rng)
