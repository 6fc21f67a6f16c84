"""Synthetic word crops, as a detector cuts them from photographs of signs."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from ocrkit import geometry
from ocrkit.synth.backgrounds import Backgrounds
from ocrkit.synth.corpus import Corpus
from ocrkit.synth.effects import contrasting_colour, light_and_colour, photograph
from ocrkit.synth.fonts import as_drawn, find_fonts
from ocrkit.synth.glyphs import Ink, bend, draw_text
from ocrkit.types import Floats, Image, Sample

LEAST_SPREAD = 6.0  # grey levels; crops that vary less show no text
HEIGHT = 48  # px of the canvas on which a word is composed, before the camera shrinks it
MAX_PHRASE = 25  # characters


class Typefaces:
    """Draws faces so that a folder of 300 odd display fonts does not drown the plain ones.

    Args:
        paths: Font files; those of one folder count as a family.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        families: dict[Path, list[str]] = {}
        for path in paths:
            families.setdefault(path.parent, []).append(str(path))
        self._families = list(families.values())
        weights = np.sqrt([min(len(f), 30) for f in self._families])
        self._cumulative = np.cumsum(weights / weights.sum())

    def sample(self, rng: np.random.Generator) -> str:
        """Path of a face; a family's chance grows with the root of its size."""
        index = int(np.searchsorted(self._cumulative, rng.random(), side="right"))
        family = self._families[min(index, len(self._families) - 1)]
        return family[rng.integers(len(family))]


class WordStyle(NamedTuple):
    """How a word is set; every field a probability or a range."""

    bent: float = 0.12
    tracked: float = 0.2
    outlined: float = 0.1
    shadowed: float = 0.15
    neighbours: float = 0.3
    small: float = 0.5
    least_contrast: float = 30.0
    phrases: float = 0.12


class WordGenerator:
    """An endless source of word crops; sample i of seed s is the same on every machine.

    Args:
        corpus: What the words say.
        fonts: Font files; None finds the installed ones.
        backgrounds: What they stand on.
        style: How often the effects occur.
    """

    def __init__(
        self,
        corpus: Corpus | None = None,
        fonts: Sequence[Path] | None = None,
        backgrounds: Backgrounds | None = None,
        style: WordStyle | None = None,
    ) -> None:
        self.corpus = corpus or Corpus()
        self.typefaces = Typefaces(fonts if fonts is not None else find_fonts())
        self.backgrounds = backgrounds or Backgrounds()
        self.style = style or WordStyle()

    def stream(self, seed: int, start: int = 0, step: int = 1) -> Iterator[Sample]:
        """Samples `start`, `start + step`, ... of `seed`; `step` workers share one sequence."""
        index = start
        while True:
            yield self.sample(np.random.default_rng((seed, index)))
            index += step

    def sample(self, rng: np.random.Generator) -> Sample:
        """One word crop with a quad around all of it."""
        while True:
            text, crop = self._crop(rng)
            # A crop without any contrast says nothing about its text.
            if crop.std(axis=(0, 1)).max() > LEAST_SPREAD:
                break
        height, width = crop.shape[:2]
        corners = np.array([[[0, 0], [width, 0], [width, height], [0, height]]], np.float32)
        return Sample(crop, corners, (text,), np.zeros(1, np.bool_))

    def _crop(self, rng: np.random.Generator) -> tuple[str, Image]:
        """A text and a photograph of it."""
        text, ink = self._ink(rng)
        image = self._compose(ink, rng)
        image, quad = _view(image, ink.quad, rng)
        crop = _cut(image, quad, rng)
        if rng.random() < self.style.small:
            crop = _resize_height(crop, int(rng.integers(9, 26)))
        return text, photograph(crop, rng, strength=min(1.0, crop.shape[0] / 32))

    def _text(self, rng: np.random.Generator) -> str:
        """A word, or now and then a few: detectors cut words together that stand close."""
        text = self.corpus.sample(rng)
        while rng.random() < self.style.phrases:
            longer = f"{text} {self.corpus.sample(rng)}"
            if len(longer) > MAX_PHRASE:
                break
            text = longer
        return text

    def _ink(self, rng: np.random.Generator) -> tuple[str, Ink]:
        """A text and its ink, about HEIGHT px high."""
        style = self.style
        while True:
            font = self.typefaces.sample(rng)
            text = as_drawn(self._text(rng), font)
            tracking = rng.uniform(-0.04, 0.3) if rng.random() < style.tracked else 0.0
            ink = draw_text(text, font, HEIGHT, pad=HEIGHT // 2, tracking=tracking)
            # A face without a glyph's true height (ornaments, hairlines) teaches nothing.
            if ink is not None and ink.alpha.shape[1] < 40 * HEIGHT and ink.alpha.mean() > 2:
                break
        if rng.random() < style.bent and len(text) > 3:
            length = ink.quad[1, 0] - ink.quad[0, 0]
            ink = bend(ink, rng.uniform(-0.18, 0.18) * min(length, 4 * HEIGHT))
        stretch = math.exp(rng.normal(0, 0.15))
        size = (max(8, round(ink.alpha.shape[1] * stretch)), ink.alpha.shape[0])
        scale = np.array([size[0] / ink.alpha.shape[1], 1], np.float32)
        return text, Ink(np.asarray(cv2.resize(ink.alpha, size), np.uint8), ink.quad * scale)

    def _compose(self, ink: Ink, rng: np.random.Generator) -> Image:
        """The ink in a colour that shows, with outline, shadow and neighbours, on a background."""
        height, width = ink.alpha.shape
        canvas = self.backgrounds.patch(height, width, rng).astype(np.float32)
        means, spreads = cv2.meanStdDev(canvas)
        least = self.style.least_contrast + 1.5 * min(float(spreads.mean()), 50.0)
        colour = contrasting_colour(means[:, 0].astype(np.float32), least, rng)
        if rng.random() < self.style.neighbours:
            self._add_neighbours(canvas, ink, colour, rng)
        if rng.random() < self.style.shadowed:
            shift = np.array([[1, 0, rng.uniform(-4, 4)], [0, 1, rng.uniform(-4, 4)]])
            shadow = cv2.warpAffine(ink.alpha, shift, (width, height))
            shadow = cv2.GaussianBlur(shadow, (0, 0), rng.uniform(0.5, 3))
            blend(
                canvas,
                np.asarray(shadow, np.uint8),
                light_and_colour(rng) * np.float32(0.5),
                rng.uniform(0.4, 1),
            )
        if rng.random() < self.style.outlined:
            side = int(rng.integers(2, 5))
            outline = cv2.dilate(ink.alpha, np.ones((side, side), np.uint8))
            blend(canvas, np.asarray(outline, np.uint8), light_and_colour(rng), 1.0)
        blend(canvas, ink.alpha, colour, rng.uniform(0.75, 1.0))
        return canvas.astype(np.uint8)

    def _add_neighbours(
        self, canvas: Floats, ink: Ink, colour: Floats, rng: np.random.Generator
    ) -> None:
        """Text before, after, above or below, as much of it as the crop's margin shows."""
        font = self.typefaces.sample(rng)
        height, width = ink.alpha.shape
        for side in rng.permutation(4)[: rng.integers(1, 4)]:
            other = draw_text(self.corpus.sample(rng), font, HEIGHT, pad=0)
            if other is None:
                continue
            h, w = other.alpha.shape
            gap = rng.uniform(0.12, 0.5) * HEIGHT
            x, y = [
                (ink.quad[0, 0] - gap - w, ink.quad[2, 1] - h),
                (ink.quad[1, 0] + gap, ink.quad[2, 1] - h),
                (rng.uniform(-w / 2, width / 2), ink.quad[0, 1] - gap - h),
                (rng.uniform(-w / 2, width / 2), ink.quad[2, 1] + gap),
            ][side]
            placed = np.zeros((height, width), np.uint8)
            move = np.array([[1, 0, round(float(x))], [0, 1, round(float(y))]], np.float64)
            cv2.warpAffine(other.alpha, move, (width, height), dst=placed, flags=cv2.INTER_NEAREST)
            blend(canvas, placed, colour, 0.95)


def blend(canvas: Floats, alpha: Image, colour: Floats, opacity: float) -> None:
    """Paint `colour` (3,) on `canvas` (H, W, 3) in place, through `alpha` (H, W) uint8."""
    weight = (alpha.astype(np.float32) * np.float32(opacity / 255))[..., None]
    canvas += weight * (colour - canvas)


def _view(image: Image, quad: Floats, rng: np.random.Generator) -> tuple[Image, Floats]:
    """The picture from a camera that is turned and stands aside; the quad goes along."""
    height, width = image.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    if rng.random() < 0.25:
        return image, quad
    # Most signs hang level; what does not is often far from it.
    angle = rng.normal(0, math.radians(7 if rng.random() < 0.8 else 22))
    shear, lean = rng.normal(0, 0.12), rng.normal(0, 0.08)
    centre = corners.mean(axis=0)
    moved = corners - centre
    moved[:, 0] += shear * moved[:, 1]
    far = 1 + lean * np.sign(moved[:, 0])
    moved[:, 1] *= far
    cos, sin = math.cos(angle), math.sin(angle)
    moved = moved @ np.array([[cos, sin], [-sin, cos]], np.float32)
    moved -= moved.min(axis=0)
    size = np.ceil(moved.max(axis=0)).astype(int)
    matrix = geometry.homography(corners, moved)
    view = cv2.warpPerspective(
        image, matrix, (int(size[0]), int(size[1])), borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(view, np.uint8), geometry.project(matrix, quad)


def _cut(image: Image, quad: Floats, rng: np.random.Generator) -> Image:
    """The word's upright box, or its quad cut with a detector's errors; loosely or tightly."""
    height = float(geometry.extent(quad)[0])
    if rng.random() < 0.5:
        margin = rng.uniform(-0.02, 0.2, 4) * height
        left, top = quad.min(axis=0) - margin[:2]
        right, bottom = quad.max(axis=0) + margin[2:]
        rows, columns = image.shape[:2]
        x0, y0 = max(0, int(left)), max(0, int(top))
        x1, y1 = min(columns, math.ceil(right)), min(rows, math.ceil(bottom))
        return np.ascontiguousarray(image[y0:y1, x0:x1])
    outwards = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)
    error = outwards * rng.uniform(0, 0.15, (1, 2)) + rng.normal(0, 0.05, (4, 2))
    jittered = np.asarray(quad + height * error, np.float32)
    h, w = (max(8, round(float(side))) for side in geometry.extent(jittered))
    target = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    matrix = geometry.homography(jittered, target)
    return np.asarray(
        cv2.warpPerspective(image, matrix, (w, h), borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def _resize_height(image: Image, height: int) -> Image:
    rows, columns = image.shape[:2]
    width = max(4, round(columns * height / rows))
    return np.asarray(
        cv2.resize(image, (width, int(height)), interpolation=cv2.INTER_AREA), np.uint8
    )
