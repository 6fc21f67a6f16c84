"""How labelled pictures become a network's examples, one recipe a family of models."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from ocrkit import crops, detect, geometry, recognize
from ocrkit.data import augment
from ocrkit.data.loader import Example, Skipped
from ocrkit.detect._base import prepare as prepare_scene
from ocrkit.recognize._base import prepare as prepare_crop
from ocrkit.text import Charset, normalise
from ocrkit.types import Floats, Image, Sample

AS_CUT = 0.3
"""Share of the photographed word crops that are learnt as they are; the others are cut anew."""


class Recipe(Protocol):
    """What is done to samples before a network sees them, in a loader worker."""

    def pieces(
        self, sample: Sample, drawn: bool, rng: np.random.Generator
    ) -> Iterator[Sample | Skipped]:
        """The parts of a sample that are learnt from one by one, augmented.

        Args:
            sample: A scene or a crop.
            drawn: Whether it is synthetic. A synthetic crop came out varied already.
            rng: The source of all randomness.
        """
        ...

    def example(self, piece: Sample) -> Example | Skipped:
        """A piece as the network sees it, with encoded targets; not named yet."""
        ...


@dataclass(frozen=True)
class Prepared:
    """From named samples to named examples, by a recipe."""

    recipe: Recipe

    def __call__(
        self, name: str, sample: Sample, drawn: bool, rng: np.random.Generator
    ) -> Iterator[Example | Skipped]:
        """All examples of a sample, and what was skipped."""
        for piece in self.recipe.pieces(sample, drawn, rng):
            found = piece if isinstance(piece, Skipped) else self.recipe.example(piece)
            yield found._replace(name=name)


@dataclass(frozen=True)
class ReadWords:
    """Each legible word of a scene or crop, cut as loosely as a detector would.

    Attributes:
        encode: Of the recogniser's class.
        config: Of the recogniser.
    """

    encode: Callable[[Any, str], tuple[Any, ...]]
    config: recognize.RecognizerConfig

    def pieces(
        self, sample: Sample, drawn: bool, rng: np.random.Generator
    ) -> Iterator[Sample | Skipped]:
        """A crop of each word that is not marked as ignored, and some of words of a line."""
        for quad, text, ignored in zip(sample.quads, sample.texts, sample.ignored, strict=True):
            if ignored:
                continue
            if not text:
                yield Skipped("", "a word without a transcription")
                continue
            yield _crop(sample.image, quad, text, drawn, rng)
        if " " not in Charset(self.config.charset).characters:
            return
        for quad, text in augment.together(sample, rng):
            yield _crop(sample.image, quad, text, drawn, rng)

    def example(self, piece: Sample) -> Example | Skipped:
        """One crop."""
        if min(piece.image.shape[:2]) < 2:
            return Skipped("", "a crop of less than 2 pixels")
        text = normalise(str(piece.texts[0]), Charset(self.config.charset))
        try:
            targets = self.encode(self.config, text)
        except ValueError as error:
            return Skipped("", str(error))
        image = prepare_crop(piece.image, self.config.height, self.config.max_width)
        return Example("", image, targets)


@dataclass(frozen=True)
class FindWords:
    """A square piece of a scene, in other light.

    Attributes:
        encode: Of the detector's class.
        config: Of the detector.
        side: Of the piece, pixels.
        cut: What becomes of words that the edge of the piece cuts; see `augment.crop_scene`.
    """

    encode: Callable[[Any, Sample], tuple[Any, ...]]
    config: detect.DetectorConfig
    side: int
    cut: augment.Cut = "keep"

    def pieces(
        self, sample: Sample, drawn: bool, rng: np.random.Generator
    ) -> Iterator[Sample | Skipped]:
        """One piece; synthetic scenes are treated like photographs."""
        long_side = self.config.side_of(sample.image)
        piece = augment.crop_scene(sample, self.side, rng, long_side, self.cut)
        yield replace(piece, image=augment.colour(piece.image, rng))

    def example(self, piece: Sample) -> Example | Skipped:
        """One piece of a scene."""
        return Example("", prepare_scene(piece.image), self.encode(self.config, piece))


def _crop(image: Image, quad: Floats, text: str, drawn: bool, rng: np.random.Generator) -> Sample:
    """The words in `quad` (4, 2), a little off."""
    whole = np.array_equal(quad, geometry.full_quad(image.shape[:2]))
    crop = image if drawn and whole else _recut(image, quad, rng)
    if crop.shape[0] > crops.TALL * crop.shape[1] and len(text) > 2:
        crop = np.ascontiguousarray(np.rot90(crop))  # most such texts run down
    around = geometry.full_quad(crop.shape[:2])
    return Sample(crop, around[None], (text,), np.zeros(1, np.bool_))


def _recut(image: Image, quad: Floats, rng: np.random.Generator) -> Image:
    """A photographed word with a detector's errors, in other light."""
    whole = np.array_equal(quad, geometry.full_quad(image.shape[:2]))
    if not (whole and rng.random() < AS_CUT):
        image = augment.jitter_crop(image, quad, rng)
    return augment.photometric(image, rng)
