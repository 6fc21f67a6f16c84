"""How labelled pictures become a network's examples, one recipe a family of models."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from ocrkit import crops, detect, geometry, recognize, refine
from ocrkit.data import augment
from ocrkit.data.loader import Example, Skipped
from ocrkit.detect._base import prepare as prepare_scene
from ocrkit.recognize._base import prepare as prepare_crop
from ocrkit.refine import _base as windows
from ocrkit.text import Charset, normalise
from ocrkit.types import Floats, Image, Sample

SMALLEST_REFINED = 6.0
"""Words whose shorter side is less, in pixels, are not refined: their labels are no truer."""

WORDS_A_SCENE = 8
"""At most so many of a scene are refined before the next is drawn, lest they make up a batch."""

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
        """A crop of each word that is not marked as ignored."""
        for quad, text, ignored in zip(sample.quads, sample.texts, sample.ignored, strict=True):
            if ignored:
                continue
            if not text:
                yield Skipped("", "a word without a transcription")
                continue
            whole = np.array_equal(quad, geometry.full_quad(sample.image.shape[:2]))
            image = sample.image if drawn and whole else _recut(sample.image, quad, rng)
            if image.shape[0] > crops.TALL * image.shape[1] and len(text) > 2:
                image = np.ascontiguousarray(np.rot90(image))  # most such texts run down
            around = geometry.full_quad(image.shape[:2])
            yield Sample(image, around[None], (text,), np.zeros(1, np.bool_))

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


@dataclass(frozen=True)
class RefineWords:
    """Windows round misplaced quads of a scene's words, in other light.

    Attributes:
        encode, prepare: Of the refiner's class.
        config: Of the refiner.
    """

    encode: Callable[[Any, Sample], tuple[Any, ...]]
    prepare: Callable[[Any, Image], Floats]
    config: refine.RefinerConfig

    def pieces(
        self, sample: Sample, drawn: bool, rng: np.random.Generator
    ) -> Iterator[Sample | Skipped]:
        """A window of some words that are not marked as ignored; its quad is the word's."""
        large = np.minimum(*geometry.extent(sample.quads)) >= SMALLEST_REFINED
        words = rng.permutation(np.flatnonzero(large & ~sample.ignored))[:WORDS_A_SCENE]
        for index in words:
            seen = misplaced(sample.image, sample.quads[index], self.config, rng)
            yield replace(seen, image=augment.photometric(seen.image, rng))

    def example(self, piece: Sample) -> Example | Skipped:
        """One window."""
        image = self.prepare(self.config, piece.image)
        return Example("", image, self.encode(self.config, piece))


def misplaced(
    image: Image, quad: Floats, config: refine.RefinerConfig, rng: np.random.Generator
) -> Sample:
    """The window of a misplaced quad, with the word's true `quad` (4, 2) in its pixels.

    A detector that sees shapes only takes all text for upright, and so does this.
    """
    true = geometry.upright(quad)
    (lying,), (turn,) = windows.lying(augment.misplace(true, rng)[None])
    seen, matrix = windows.window(image, lying, config)
    inside = geometry.project(
        np.asarray(np.linalg.inv(matrix), np.float64), np.roll(true, turn, axis=0)
    )
    return Sample(seen, inside[None], (None,), np.zeros(1, np.bool_))


def _recut(image: Image, quad: Floats, rng: np.random.Generator) -> Image:
    """A photographed word with a detector's errors, in other light."""
    whole = np.array_equal(quad, geometry.full_quad(image.shape[:2]))
    if not (whole and rng.random() < AS_CUT):
        image = augment.jitter_crop(image, quad, rng)
    return augment.photometric(image, rng)
